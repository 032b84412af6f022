/** Objects that say who else judges writes; all of them look at what nobody writes. */
import { condition, type Fixture, type Plain } from './fixture.ts'

const rule = {
  scope: '*',
  apiGroups: ['none.example.com'],
  apiVersions: ['v1'],
  resources: ['nothings'],
  operations: ['CREATE'],
}
const webhook: Plain = {
  name: 'never.example.com',
  clientConfig: { url: 'https://127.0.0.1:1/never' },
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  failurePolicy: 'Ignore',
  rules: [rule],
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
}
const webhooks: Fixture = {
  object: { webhooks: [webhook] },
  change: { webhooks: [{ ...webhook, timeoutSeconds: 3 }] },
}
const matchConstraints = { resourceRules: [rule] }
const mutation = {
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression: 'Object{}' },
}
const mutatingPolicy: Fixture = {
  object: {
    spec: { matchConstraints, mutations: [mutation], reinvocationPolicy: 'Never' },
  },
  change: { spec: { failurePolicy: 'Ignore' } },
}
const mutatingBinding: Fixture = {
  object: { spec: { policyName: 'nothing' } },
  change: { spec: { matchResources: { matchPolicy: 'Exact' } } },
}

export const admissionObjects: Readonly<Record<string, Fixture>> = {
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': {
    object: webhooks.object,
    change: { webhooks: [{ ...webhook, timeoutSeconds: 3, reinvocationPolicy: 'Never' }] },
  },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy': {
    object: { spec: { matchConstraints, validations: [{ expression: 'true' }] } },
    change: { spec: { failurePolicy: 'Ignore' } },
    status: { conditions: [condition] },
  },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding': {
    object: { spec: { policyName: 'nothing', validationActions: ['Deny'] } },
    change: { spec: { validationActions: ['Warn'] } },
  },
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicy': mutatingPolicy,
  'admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy': mutatingPolicy,
  'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy': mutatingPolicy,
  'admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding': mutatingBinding,
  'admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding': mutatingBinding,
  'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding': mutatingBinding,
  'apiregistration.k8s.io/v1 APIService': {
    object: name => ({
      spec: {
        group: name.slice(name.indexOf('.') + 1),
        version: name.slice(0, name.indexOf('.')),
        groupPriorityMinimum: 100,
        versionPriority: 10,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'web' },
      },
    }),
    change: { spec: { versionPriority: 20 } },
    status: { conditions: [condition] },
    nameOf: number => `v1.group${number}.example.com`,
    isNamedByContent: true,
  },
}
