/** What a CustomResourceDefinition looks like. */
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  bytes,
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { type JsonSchemaProps, jsonSchemaProps } from './json-schema-props.ts'

const PACKAGE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

const names = shape(
  `${PACKAGE}.CustomResourceDefinitionNames`,
  'The names under which a custom resource is known.',
  {
    plural: string(1).required().doc('The name of the resource in paths, in lower case.'),
    singular: string(2).doc('The name of one object on the command line; the kind in lower case.'),
    shortNames: list(3, string()).atomic().doc('Abbreviations for the command line.'),
    kind: string(4).required().doc('The kind in CamelCase.'),
    listKind: string(5).doc('The kind of lists; the kind with List behind it unless given.'),
    categories: list(6, string())
      .atomic()
      .doc('Groups of resources that contain this one, such as all.'),
  },
)
export type CustomResourceNames = ValueOfShape<typeof names>

const serviceReference = shape(
  `${PACKAGE}.ServiceReference`,
  'A Service that answers conversion requests.',
  {
    namespace: string(1).required().doc('The namespace of the Service.'),
    name: string(2).required().doc('The name of the Service.'),
    path: string(3).optional().doc('The path of the requests.'),
    port: int32(4).optional().unpublishedDefault(443).doc('The port of the Service.'),
  },
)

const webhookClientConfig = shape(
  `${PACKAGE}.WebhookClientConfig`,
  'Where the webhook is; exactly one of url and service.',
  {
    url: string(3).optional().doc('The address of the webhook, https://host:port/path.'),
    service: struct(1, serviceReference).optional().doc('A Service of the cluster.'),
    caBundle: bytes(2).doc('Certificates in PEM by which the server is trusted.'),
  },
)

const webhookConversion = shape(
  `${PACKAGE}.WebhookConversion`,
  'How to call the webhook that converts between versions.',
  {
    clientConfig: struct(2, webhookClientConfig).optional().doc('Where the webhook is.'),
    conversionReviewVersions: list(3, string())
      .required()
      .atomic()
      .doc('Versions of ConversionReview that the webhook understands, best first.'),
  },
)

const conversion = shape(
  `${PACKAGE}.CustomResourceConversion`,
  'How objects are converted between the versions.',
  {
    strategy: string(1)
      .required()
      .doc('None changes apiVersion alone; Webhook asks a server outside.'),
    webhook: struct(2, webhookConversion)
      .optional()
      .doc('The webhook, where the strategy is Webhook.'),
  },
)

const validation = shape(
  `${PACKAGE}.CustomResourceValidation`,
  'How objects of a version are checked.',
  {
    openAPIV3Schema: struct(1, jsonSchemaProps).optional().doc('The schema of whole objects.'),
  },
)

const statusSubresource = shape(
  `${PACKAGE}.CustomResourceSubresourceStatus`,
  'Switches the status subresource on; it has no fields.',
  {},
)

const scaleSubresource = shape(
  `${PACKAGE}.CustomResourceSubresourceScale`,
  'Where the scale subresource finds its numbers.',
  {
    specReplicasPath: string(1)
      .required()
      .doc('The path of the wished number below .spec, such as .spec.replicas.'),
    statusReplicasPath: string(2)
      .required()
      .doc('The path of the present number below .status, such as .status.replicas.'),
    labelSelectorPath: string(3)
      .optional()
      .doc('The path of a selector written as text, below .status or .spec.'),
  },
)

const subresources = shape(
  `${PACKAGE}.CustomResourceSubresources`,
  'The subresources of a version.',
  {
    status: struct(1, statusSubresource)
      .optional()
      .doc('Separates the status from everything else.'),
    scale: struct(2, scaleSubresource).optional().doc('Lets the object be scaled.'),
  },
)

const columnDefinition = shape(
  `${PACKAGE}.CustomResourceColumnDefinition`,
  'A column that kubectl get shows.',
  {
    name: string(1).required().doc('The heading.'),
    type: string(2).required().doc('integer, number, string, boolean or date.'),
    format: string(3).doc('The format of the value, such as int64 or date-time.'),
    description: string(4).doc('What the column tells.'),
    priority: int32(5).doc('0 is shown always, a higher one only with -o wide.'),
    jsonPath: string(6).required().doc('Where the value is in the object, such as .spec.replicas.'),
  },
)

const selectableField = shape(
  `${PACKAGE}.SelectableField`,
  'A field that field selectors may name.',
  {
    jsonPath: string(1).required().doc('Where the field is, such as .spec.colour; a scalar.'),
  },
)

const version = shape(
  `${PACKAGE}.CustomResourceDefinitionVersion`,
  'One version of the resource.',
  {
    name: string(1).required().doc('The name in paths, such as v1 or v1beta1.'),
    served: boolean(2).required().doc('Whether the API answers in this version.'),
    storage: boolean(3).required().doc('Whether objects are stored in it; true for exactly one.'),
    deprecated: boolean(7).doc('Whether answers in this version carry a warning.'),
    deprecationWarning: string(8).optional().doc('The text of that warning.'),
    schema: struct(4, validation).optional().doc('What objects of this version look like.'),
    subresources: struct(5, subresources).optional().doc('The subresources of this version.'),
    additionalPrinterColumns: list(6, columnDefinition)
      .atomic()
      .doc('What kubectl get shows besides the name; the age unless given.'),
    selectableFields: list(9, selectableField)
      .atomic()
      .doc('The fields that field selectors may name, at most eight.'),
  },
)

const condition = shape(
  `${PACKAGE}.CustomResourceDefinitionCondition`,
  'One aspect of the state of a definition.',
  {
    type: string(1).required().doc('Established, NamesAccepted, Terminating and others.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
    observedGeneration: int64(6).doc('The generation that the condition was made from.'),
  },
)
export type CustomResourceCondition = ValueOfShape<typeof condition>

const spec = shape(`${PACKAGE}.CustomResourceDefinitionSpec`, 'The resource as it is wished for.', {
  group: string(1).required().doc('The API group, a domain name; never changes.'),
  names: struct(3, names).required().doc('The names of the resource.'),
  scope: string(4).required().doc('Namespaced or Cluster; never changes once established.'),
  versions: list(7, version).required().atomic().doc('All versions of the resource.'),
  conversion: struct(9, conversion).optional().doc('How objects get from version to version.'),
  preserveUnknownFields: boolean(10).doc(
    'Keeps unknown fields everywhere; only old definitions may still say so.',
  ),
})

const status = shape(
  `${PACKAGE}.CustomResourceDefinitionStatus`,
  'How far the server is with the resource.',
  {
    conditions: list(1, condition)
      .always()
      .listMap('type')
      .doc('Whether the names are accepted and the resource is served.'),
    acceptedNames: struct(2, names).always().doc('The names that are in use now.'),
    storedVersions: list(3, string())
      .always()
      .atomic()
      .doc('Every version in which an object may still be stored.'),
    observedGeneration: int64(4).doc('The generation that the status was made from.'),
  },
)

export const customResourceDefinitionShape = objectShape(
  `${PACKAGE}.CustomResourceDefinition`,
  'A resource that the cluster is to serve besides its own.',
  {
    spec: struct(2, spec).required().doc('The resource as it is wished for.'),
    status: struct(3, status).always().doc('How far the server is with it.'),
  },
)

type Shaped = ObjectOfShape<typeof customResourceDefinitionShape>
type Versions = Shaped['spec']['versions'][number]

/** One version; its schema holds schemas, which the shape alone cannot tell the compiler. */
export type CustomResourceVersion = Omit<Versions, 'schema'> & {
  schema?: { openAPIV3Schema?: JsonSchemaProps }
}
export type CustomResourceDefinition = Omit<Shaped, 'spec'> & {
  spec: Omit<Shaped['spec'], 'versions'> & { versions: CustomResourceVersion[] }
}
