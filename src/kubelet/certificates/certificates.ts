/** What a node that runs alone needs for its certificates. */
export { CertificateRotation } from './certificate-rotation.ts'
export { CertificateStore } from './certificate-store.ts'
export {
  CLIENT_PURPOSE,
  requestCertificate,
  SERVING_PURPOSE,
  subjectOfNode,
} from './signing-request.ts'
