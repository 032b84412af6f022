import { labelsText } from '../../core/v1/validation.selectors.ts'
import { column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { condition } from '../../machinery/metadata.ts'
import {
  bytes,
  int32,
  list,
  map,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import {
  FINAL,
  validatePodCertificateRequest,
  validatePodCertificateStatus,
  validatePodCertificateUpdate,
} from './pod-certificate-request.validation.ts'

const ONE_DAY_SECONDS = 86_400

export const podCertificateRequestSpec = shape(
  'io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec',
  'For which pod, with which key, by which signer; never changes.',
  {
    signerName: string(1).required().doc('Who is to sign, such as example.com/workload.'),
    podName: string(2).required().doc('The pod that the certificate is for.'),
    podUID: string(3).required().doc('The UID of the pod.'),
    serviceAccountName: string(4).required().doc('The service account of the pod.'),
    serviceAccountUID: string(5).required().doc('The UID of the service account.'),
    nodeName: string(6).required().doc('The node on which the pod runs.'),
    nodeUID: string(7).required().doc('The UID of the node.'),
    maxExpirationSeconds: int32(8)
      .optional()
      .default(ONE_DAY_SECONDS)
      .doc('How long the certificate may be good at most; at least an hour.'),
    pkixPublicKey: bytes(9)
      .always()
      .deprecated()
      .doc('The public key in PKIX form; stubPKCS10Request has taken its place.'),
    proofOfPossession: bytes(10)
      .always()
      .deprecated()
      .doc('A signature of the UID of the pod with that key.'),
    stubPKCS10Request: bytes(12)
      .required()
      .doc('A PKCS #10 request in DER that shows the key and proves that the kubelet has it.'),
    unverifiedUserAnnotations: map(11, string()).doc(
      'What the author of the pod tells the signer; nobody has checked it.',
    ),
  },
)
export type PodCertificateRequestSpec = ValueOfShape<typeof podCertificateRequestSpec>

export const podCertificateRequestStatus = shape(
  'io.k8s.api.certificates.v1beta1.PodCertificateRequestStatus',
  'What the signer answered.',
  {
    conditions: list(1, condition)
      .listMap('type')
      .mergeKey('type')
      .doc('Issued, Denied or Failed; one of them, and that is final.'),
    certificateChain: string(2).doc('The certificate in PEM, and those that lead to its root.'),
    notBefore: time(4).optional().doc('From when the certificate is good.'),
    beginRefreshAt: time(5).optional().doc('When the kubelet should begin to ask for the next.'),
    notAfter: time(6).optional().doc('Until when the certificate is good.'),
  },
)
export type PodCertificateRequestStatus = ValueOfShape<typeof podCertificateRequestStatus>

export const podCertificateRequestShape = objectShape(
  'io.k8s.api.certificates.v1beta1.PodCertificateRequest',
  'Asks, for a pod, for a certificate that names it; made and read by its kubelet.',
  {
    spec: struct(2, podCertificateRequestSpec)
      .required()
      .doc('For which pod, with which key, by which signer.'),
    status: struct(3, podCertificateRequestStatus).always().doc('What the signer answered.'),
  },
)
export type PodCertificateRequest = ObjectOfShape<typeof podCertificateRequestShape>

export const podCertificateRequest = defineKind<PodCertificateRequest>({
  group: 'certificates.k8s.io',
  version: 'v1beta1',
  kind: 'PodCertificateRequest',
  plural: 'podcertificaterequests',
  scope: 'Namespaced',
  shape: podCertificateRequestShape,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateCreate: validatePodCertificateRequest,
  validateUpdate: validatePodCertificateUpdate,
  validateStatusUpdate: validatePodCertificateStatus,
  fieldSelectors: {
    'spec.signerName': ({ spec }) => spec.signerName,
    'spec.podName': ({ spec }) => spec.podName,
    'spec.nodeName': ({ spec }) => spec.nodeName,
  },
  subresources: { status: true },
  columns: [
    nameColumn,
    column('PodName', 'The pod that the certificate is for.', ({ spec }) => spec.podName),
    column(
      'ServiceAccountName',
      'The service account of the pod.',
      ({ spec }) => spec.serviceAccountName,
    ),
    column('NodeName', 'The node on which the pod runs.', ({ spec }) => spec.nodeName),
    column('SignerName', 'Who is to sign.', ({ spec }) => spec.signerName),
    column('State', 'What became of it.', stateOf),
    column(
      'UnverifiedUserAnnotations',
      'What the author of the pod tells the signer; nobody has checked it.',
      ({ spec }) => labelsText(spec.unverifiedUserAnnotations),
    ),
  ],
})

function stateOf({ status: { conditions = [] } }: PodCertificateRequest): string {
  return conditions.find(({ type }) => FINAL.includes(type))?.type ?? 'Pending'
}
