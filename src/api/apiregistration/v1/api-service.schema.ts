import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  bytes,
  int32,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'

const PACKAGE = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1'
const HTTPS_PORT = 443

export const apiServiceReference = shape(
  `${PACKAGE}.ServiceReference`,
  'The service behind which an API server listens.',
  {
    namespace: string(1).doc('Namespace of the service.'),
    name: string(2).doc('Name of the service.'),
    port: int32(3)
      .optional()
      .unpublishedDefault(HTTPS_PORT)
      .doc('Port of the service; 443 by default.'),
  },
)

export const apiServiceSpec = shape(
  `${PACKAGE}.APIServiceSpec`,
  'One version of one group of the API, and who serves it.',
  {
    service: struct(1, apiServiceReference)
      .optional()
      .doc('Who serves it; absent for what this server serves itself.'),
    group: string(2).doc('Name of the group; empty for the core group.'),
    version: string(3).doc('Name of the version, such as v1.'),
    insecureSkipTLSVerify: boolean(4).doc('Whether any certificate will do; better not.'),
    caBundle: bytes(5).atomic().doc('Certificates in PEM that vouch for the server.'),
    groupPriorityMinimum: int32(7)
      .required()
      .doc('Rank of the group; the higher comes first where names of resources collide.'),
    versionPriority: int32(8)
      .required()
      .doc('Rank of the version in its group; the highest is preferred.'),
  },
)

export const apiServiceCondition = shape(
  `${PACKAGE}.APIServiceCondition`,
  'One aspect of the state of a served version.',
  {
    type: string(1).required().doc('Names the aspect; Available is the only one.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When status last changed.'),
    reason: string(4).doc('Why, as one CamelCase word for programs.'),
    message: string(5).doc('Why, as a sentence for people.'),
  },
)
export type ApiServiceCondition = ValueOfShape<typeof apiServiceCondition>

export const apiServiceStatus = shape(
  `${PACKAGE}.APIServiceStatus`,
  'Whether a version of the API can be used.',
  {
    conditions: list(1, apiServiceCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('Aspects of its state.'),
  },
)

export const apiServiceShape = objectShape(
  `${PACKAGE}.APIService`,
  'Says who serves one version of one group of the API; its name is version.group.',
  {
    spec: struct(2, apiServiceSpec).always().doc('What is served, and by whom.'),
    status: struct(3, apiServiceStatus).always().doc('Whether it can be used.'),
  },
)
export type ApiService = ObjectOfShape<typeof apiServiceShape>
