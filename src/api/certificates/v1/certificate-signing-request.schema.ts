import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
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

/** What a certificate may be used for, in the words of this group. */
export const KEY_USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
] as const

export const certificateSigningRequestSpec = shape(
  'io.k8s.api.certificates.v1.CertificateSigningRequestSpec',
  'Which certificate is wanted, and by whom; never changes.',
  {
    request: bytes(1)
      .required()
      .doc('The PKCS #10 request in PEM, signed with the key of the certificate.'),
    signerName: string(7).required().doc('Who is to sign, such as kubernetes.io/kubelet-serving.'),
    expirationSeconds: int32(8)
      .optional()
      .doc('How long the certificate should be good; the signer may decide otherwise.'),
    usages: list(5, string().enum(...KEY_USAGES))
      .atomic()
      .doc('What the certificate is to be used for, such as client auth.'),
    username: string(2).doc('Name of the user who asks; written by the server.'),
    uid: string(3).doc('UID of the user who asks; written by the server.'),
    groups: list(4, string()).atomic().doc('Groups of the user who asks; written by the server.'),
    extra: map(6, list(undefined, string())).doc(
      'What else is known of the user who asks; written by the server.',
    ),
  },
)
export type CertificateSigningRequestSpec = ValueOfShape<typeof certificateSigningRequestSpec>

export const certificateSigningRequestCondition = shape(
  'io.k8s.api.certificates.v1.CertificateSigningRequestCondition',
  'What was decided about a request.',
  {
    type: string(1).required().doc('Approved, Denied, Failed or another aspect.'),
    status: string(6).required().doc('True for the three; else True, False or Unknown.'),
    reason: string(2).doc('Why, as one CamelCase word for programs.'),
    message: string(3).doc('Why, as a sentence for people.'),
    lastUpdateTime: time(4).doc('When the condition was last written.'),
    lastTransitionTime: time(5).doc('When the status last changed.'),
  },
)
export type CertificateSigningRequestCondition = ValueOfShape<
  typeof certificateSigningRequestCondition
>

export const certificateSigningRequestStatus = shape(
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus',
  'What became of a request.',
  {
    conditions: list(1, certificateSigningRequestCondition)
      .listMap('type')
      .doc('What was decided: Approved and Denied by approvers, Failed by the signer.'),
    certificate: bytes(2).doc('The certificate in PEM, perhaps with those that signed it.'),
  },
)

export const certificateSigningRequestShape = objectShape(
  'io.k8s.api.certificates.v1.CertificateSigningRequest',
  'Asks a signer for a certificate; somebody approves, and the signer answers in the status.',
  {
    spec: struct(2, certificateSigningRequestSpec)
      .required()
      .doc('Which certificate is wanted, and by whom.'),
    status: struct(3, certificateSigningRequestStatus).always().doc('What became of it.'),
  },
)
export type CertificateSigningRequest = ObjectOfShape<typeof certificateSigningRequestShape>
