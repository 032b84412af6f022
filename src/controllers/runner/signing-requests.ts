/**
 * What approver and signer share about requests for certificates: reading them, what was decided, and which form the certificates of
 * a kubelet have. What is wrong is said in upstream's words.
 */
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { type CertificateRequest, requestInPem } from '#base/pki/certificate-request.ts'

/** What is in `spec.request`. Throws an Error that says what is wrong with it. */
export function parsedRequest({ metadata, spec }: CertificateSigningRequest): CertificateRequest {
  try {
    return requestInPem(Buffer.from(spec.request, 'base64').toString('latin1'))
  } catch (error) {
    const { message } = error as Error
    throw new Error(`unable to parse csr ${JSON.stringify(metadata.name)}: ${message}`)
  }
}

/** Whether the request has the condition. */
export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return (status.conditions ?? []).some(
    condition => condition.type === type && condition.status === 'True',
  )
}

const NODES = 'system:nodes'
const NODE_PREFIX = 'system:node:'

/** What keeps the request from being one for a kubelet's client certificate; undefined where nothing does. */
export function kubeletClientProblem(
  { subject, names }: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(subject.organizations)) return NOT_OF_NODES
  if (names.dns.length > 0) return 'DNS subjectAltNames are not allowed'
  if (names.email.length > 0) return 'Email subjectAltNames are not allowed'
  if (names.ip.length > 0) return 'IP subjectAltNames are not allowed'
  if (names.uri.length > 0) return 'URI subjectAltNames are not allowed'
  return nameProblem(subject.commonName) ?? usageProblem(usages, 'client auth')
}

/** The same for its serving certificate. */
export function kubeletServingProblem(
  { subject, names }: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(subject.organizations)) return NOT_OF_NODES
  if (names.dns.length === 0 && names.ip.length === 0) return 'DNS or IP subjectAltName is required'
  if (names.email.length > 0) return 'Email subjectAltNames are not allowed'
  if (names.uri.length > 0) return 'URI subjectAltNames are not allowed'
  return usageProblem(usages, 'server auth') ?? nameProblem(subject.commonName)
}

const NOT_OF_NODES = 'subject organization is not system:nodes'

function isOfNodes(organizations: readonly string[]): boolean {
  return organizations.length === 1 && organizations[0] === NODES
}

function nameProblem(commonName: string): string | undefined {
  return commonName.startsWith(NODE_PREFIX)
    ? undefined
    : 'subject common name does not begin with system:node:'
}

/** Keys that cannot encipher (all but RSA) are asked for without that usage. */
function usageProblem(usages: readonly string[], extended: string): string | undefined {
  const required = ['digital signature', 'key encipherment', extended].toSorted()
  const given = new Set(usages)
  const isMet = [required, required.filter(usage => usage !== 'key encipherment')].some(
    wanted => wanted.length === given.size && wanted.every(usage => given.has(usage)),
  )
  return isMet ? undefined : `usages did not match [${required.join(' ')}]`
}
