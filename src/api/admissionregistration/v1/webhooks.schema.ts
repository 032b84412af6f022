import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  bytes,
  int32,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import {
  failurePolicy,
  matchConditions,
  matchPolicy,
  namespaceSelector,
  objectSelector,
  ruleWithOperations,
} from './rules.schema.ts'

/** Where a webhook's service listens when nobody said otherwise. */
const HTTPS_PORT = 443
const TIMEOUT_SECONDS = 10

export const webhookServiceReference = shape(
  'io.k8s.api.admissionregistration.v1.ServiceReference',
  'A service of the cluster behind which a webhook listens.',
  {
    namespace: string(1).required().doc('Namespace of the service.'),
    name: string(2).required().doc('Name of the service.'),
    path: string(3).optional().doc('Path of the URL that is asked.'),
    port: int32(4)
      .optional()
      .unpublishedDefault(HTTPS_PORT)
      .doc('Port of the service; 443 by default.'),
  },
)
export type WebhookServiceReference = ValueOfShape<typeof webhookServiceReference>

export const webhookClientConfig = shape(
  'io.k8s.api.admissionregistration.v1.WebhookClientConfig',
  'How to reach a webhook: by a URL or by a service.',
  {
    url: string(3).optional().doc('https://host:port/path of a webhook outside of the cluster.'),
    service: struct(1, webhookServiceReference)
      .optional()
      .doc('The service of a webhook within the cluster.'),
    caBundle: bytes(2).doc(
      'Certificates in PEM that vouch for the webhook; empty trusts those of the system.',
    ),
  },
)
export type WebhookClientConfig = ValueOfShape<typeof webhookClientConfig>

const name = string(1)
  .required()
  .doc('Name in full with at least two dots, such as pods.example.com.')
const clientConfig = struct(2, webhookClientConfig).required().doc('How to reach the webhook.')
const common = {
  rules: list(3, ruleWithOperations).atomic().doc('Requests that it is asked about.'),
  failurePolicy: failurePolicy(4),
  matchPolicy: matchPolicy(9),
  namespaceSelector: namespaceSelector(5),
}
const sideEffects = string(6)
  .enum('None', 'NoneOnDryRun', 'Some', 'Unknown')
  .requiredPointer()
  .doc('Whether being asked changes anything elsewhere: None, or NoneOnDryRun.')
const timeoutSeconds = int32(7)
  .optional()
  .unpublishedDefault(TIMEOUT_SECONDS)
  .doc('Seconds to wait for its answer, 1 to 30; then it counts as failed.')
const admissionReviewVersions = list(8, string())
  .required()
  .atomic()
  .doc('Versions of AdmissionReview that it understands, the best first.')

export const validatingWebhook = shape(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhook',
  'A webhook that may refuse requests.',
  {
    name,
    clientConfig,
    ...common,
    objectSelector: objectSelector(10),
    sideEffects,
    timeoutSeconds,
    admissionReviewVersions,
    matchConditions: matchConditions(11),
  },
)
export type ValidatingWebhook = ValueOfShape<typeof validatingWebhook>

export const mutatingWebhook = shape(
  'io.k8s.api.admissionregistration.v1.MutatingWebhook',
  'A webhook that may change objects and refuse requests.',
  {
    name,
    clientConfig,
    ...common,
    objectSelector: objectSelector(11),
    sideEffects,
    timeoutSeconds,
    admissionReviewVersions,
    reinvocationPolicy: string(10)
      .enum('IfNeeded', 'Never')
      .optional()
      .unpublishedDefault('Never')
      .doc('IfNeeded asks it again when the object was changed after it was asked.'),
    matchConditions: matchConditions(12),
  },
)
export type MutatingWebhook = ValueOfShape<typeof mutatingWebhook>

export const validatingWebhookConfigurationShape = objectShape(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  'Webhooks that are asked, all at once, whether a request may pass.',
  {
    webhooks: list(2, validatingWebhook).listMap('name').mergeKey('name').doc('The webhooks.'),
  },
)
export type ValidatingWebhookConfiguration = ObjectOfShape<
  typeof validatingWebhookConfigurationShape
>

export const mutatingWebhookConfigurationShape = objectShape(
  'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  'Webhooks that are asked, one after the other, how to change an object.',
  {
    webhooks: list(2, mutatingWebhook)
      .listMap('name')
      .mergeKey('name')
      .doc('The webhooks, in the order in which they are asked.'),
  },
)
export type MutatingWebhookConfiguration = ObjectOfShape<typeof mutatingWebhookConfigurationShape>
