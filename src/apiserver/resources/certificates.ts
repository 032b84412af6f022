/** What only the server can do for kinds of certificates: say who asks, say when, and look into keys and certificates. */
import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { validateApproval } from '#api/certificates/v1/certificate-signing-request.validation.ts'
import type { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { type FieldError, invalid, tooLong } from '#api/machinery/field-error.ts'
import { messageOf } from '#base/errors.ts'
import { requestInPem } from '#base/pki/certificate-request.ts'
import { type PemBlock, pemBlocks } from '#base/pki/pem.ts'
import type { ResourceHooks } from './hooks.ts'
import { nowOf, type Write } from './write.ts'

const CERTIFICATE = 'CERTIFICATE'
const MAXIMUM_BUNDLE_BYTES = 1024 * 1024

export const signingRequestHooks: ResourceHooks = {
  unowned: { '': ['spec'], status: ['status.conditions'] },
  validatesFirst: true,
  prepare(write, draft, previous) {
    const request = draft as CertificateSigningRequest
    if (!previous) tellRequester(write, request)
    else if (write.subresource !== '')
      stampConditions(request, previous as CertificateSigningRequest, nowOf(write))
  },
  validate(write, draft, previous) {
    const request = draft as CertificateSigningRequest
    if (!previous) return wrongRequest(request)
    const before = previous as CertificateSigningRequest
    if (write.subresource === 'approval') return validateApproval(request, before)
    return write.subresource === 'status' ? wrongCertificate(request, before) : []
  },
}

/** Whoever asks may not say so themselves. */
function tellRequester({ exchange }: Write, { spec }: CertificateSigningRequest): void {
  const { name, uid, groups, extra } = exchange.user
  spec.username = name
  if (uid) spec.uid = uid
  else delete spec.uid
  if (groups.length > 0) spec.groups = [...groups]
  else delete spec.groups
  if (extra && Object.keys(extra).length > 0) spec.extra = structuredClone(extra) as never
  else delete spec.extra
}

function stampConditions(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  now: string,
): void {
  for (const condition of status.conditions ?? []) {
    condition.lastUpdateTime ??= now
    const same = previous.status.conditions?.find(
      ({ type, status }) => type === condition.type && status === condition.status,
    )
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? now
  }
}

function wrongRequest({ spec }: CertificateSigningRequest): FieldError[] {
  try {
    const text = Buffer.from(spec.request, 'base64').toString('latin1')
    const { signatureProblem: problem } = requestInPem(text)
    return problem ? [invalid('spec.request', spec.request, problem)] : []
  } catch (thrown) {
    // Where nobody sent any, Go shows none.
    return [invalid('spec.request', spec.request || undefined, messageOf(thrown))]
  }
}

/** Looked into only when it is written, so that what is stored never stands in the way. */
function wrongCertificate(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const { certificate = '' } = status
  if (certificate === '' || certificate === previous.status.certificate) return []
  const blocks = pemBlocks(Buffer.from(certificate, 'base64').toString('latin1'))
  const why = blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : ''
  const problem = why || blocks.map(problemOf).find(text => text !== '')
  return problem ? [invalid('status.certificate', '<certificate data>', problem)] : []
}

function problemOf({ label, hasHeaders, bytes }: PemBlock): string {
  if (label !== CERTIFICATE)
    return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`
  if (hasHeaders) return 'no PEM block headers are permitted'
  return certificateIn(bytes) ? '' : 'x509: malformed certificate'
}

export function certificateIn(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}

export const trustBundleHooks: ResourceHooks = {
  needsResourceVersion: true,
  validate(_write, draft, previous) {
    const { trustBundle } = (draft as ClusterTrustBundle).spec
    if (trustBundle === (previous as ClusterTrustBundle | undefined)?.spec.trustBundle) return []
    return wrongBundle('spec.trustBundle', trustBundle)
  },
}

/** Certificates of authorities and nothing else, each once. */
function wrongBundle(field: string, text: string): FieldError[] {
  if (Buffer.byteLength(text) > MAXIMUM_BUNDLE_BYTES) return [tooLong(field, MAXIMUM_BUNDLE_BYTES)]
  const omitted = (why: string) => invalid(field, '<value omitted>', why)
  const places = new Map<string, number[]>()
  const errors: FieldError[] = []
  for (const [index, block] of pemBlocks(text).entries()) {
    const why = anchorProblem(block)
    if (why) errors.push(omitted(`entry ${index} ${why}`))
    const key = Buffer.from(block.bytes).toString('base64')
    places.set(key, [...(places.get(key) ?? []), index])
  }
  // With a block that is no certificate, what else could be said would only repeat it.
  if (errors.length > 0) return errors
  if (places.size === 0) return [omitted('at least one trust anchor must be provided')]
  return [...places.values()]
    .filter(indices => indices.length > 1)
    .map(indices => omitted(`duplicate trust anchor (indices [${indices.join(' ')}])`))
}

function anchorProblem({ label, hasHeaders, bytes }: PemBlock): string {
  if (label !== CERTIFICATE) return `has bad block type: ${label}`
  if (hasHeaders) return 'has PEM block headers'
  const certificate = certificateIn(bytes)
  if (!certificate) return 'does not parse as X.509'
  return certificate.ca ? '' : 'does not have the CA bit set'
}
