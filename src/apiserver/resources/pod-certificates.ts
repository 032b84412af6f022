/** Requests of pods for certificates: the key must be the requester's, and what is issued must be what was asked for. */
import {
  constants,
  createPublicKey,
  type KeyObject,
  verify,
  type X509Certificate,
} from 'node:crypto'
import type {
  PodCertificateRequest,
  PodCertificateRequestSpec,
} from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { isBeingIssued } from '#api/certificates/v1beta1/pod-certificate-request.validation.ts'
import {
  type FieldError,
  invalid,
  invalidAsWhole,
  required,
  tooLong,
} from '#api/machinery/field-error.ts'
import { requestIn } from '#base/pki/certificate-request.ts'
import { pemBlocks } from '#base/pki/pem.ts'
import { certificateIn } from './certificates.ts'
import type { ResourceHooks } from './hooks.ts'

const MAXIMUM_KEY_BYTES = 10 * 1024
const MAXIMUM_CHAIN_BYTES = 100 * 1024
const MINUTE = 60_000
const SHORTEST_LIFE = 60 * MINUTE
const CLOCK_SKEW = 5 * MINUTE
const REFRESH_MARGIN = 10 * MINUTE
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']
const MODULUS_BITS = [3072, 4096]
const CHAIN = 'status.certificateChain'
const STUB = 'spec.stubPKCS10Request'
const PUBLIC_KEY = 'spec.pkixPublicKey'

export const podCertificateHooks: ResourceHooks = {
  needsResourceVersion: true,
  validate({ exchange, subresource }, draft, previous) {
    const request = draft as PodCertificateRequest
    if (!previous) return wrongKey(request.spec)
    const before = previous as PodCertificateRequest
    if (subresource !== 'status' || !isBeingIssued(request, before)) return []
    return wrongAnswer(request, before, exchange.server.clock.now())
  },
}

const bytesOf = (base64: string) => Buffer.from(base64, 'base64')

function wrongKey(spec: PodCertificateRequestSpec): FieldError[] {
  for (const field of ['stubPKCS10Request', 'pkixPublicKey', 'proofOfPossession'] as const)
    if (bytesOf(spec[field]).length > MAXIMUM_KEY_BYTES)
      return [tooLong(`spec.${field}`, MAXIMUM_KEY_BYTES)]
  const { stubPKCS10Request: stub, pkixPublicKey: key, proofOfPossession: proof } = spec
  if (stub !== '' && key === '' && proof === '') return wrongStub(stub)
  if (stub === '' && key !== '' && proof !== '') return wrongProof(spec)
  const one = 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set'
  return [invalidAsWhole('spec', one)]
}

function wrongStub(stub: string): FieldError[] {
  try {
    const { publicKey, signatureProblem } = requestIn(bytesOf(stub))
    if (signatureProblem) return [invalidAsWhole(STUB, 'could not verify the signature of the CSR')]
    return wrongKeyType(STUB, publicKey)
  } catch {
    return [invalidAsWhole(STUB, 'must be a valid PKCS#10 CSR')]
  }
}

function wrongProof({ pkixPublicKey, proofOfPossession, podUID }: PodCertificateRequestSpec) {
  const key = keyIn(pkixPublicKey)
  if (!key)
    return [invalid(PUBLIC_KEY, pkixPublicKey, 'must be a valid PKIX-serialized public key')]
  const errors = wrongKeyType(PUBLIC_KEY, key)
  if (errors.length > 0) return errors
  if (isProof(key, podUID, bytesOf(proofOfPossession))) return []
  return [
    invalidAsWhole('spec.proofOfPossession', 'could not verify proof-of-possession signature'),
  ]
}

function keyIn(base64: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: bytesOf(base64), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function wrongKeyType(field: string, key: KeyObject): FieldError[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const { namedCurve = '', modulusLength = 0 } = details
  if (type === 'ed25519') return []
  if (type === 'ec')
    return CURVES.includes(namedCurve)
      ? []
      : [invalid(field, `curve ${namedCurve}`, 'elliptic public keys must use curve P256 or P384')]
  if (type !== 'rsa')
    return [
      invalidAsWhole(field, 'unknown public key type; supported types are Ed25519, ECDSA, and RSA'),
    ]
  return MODULUS_BITS.includes(modulusLength)
    ? []
    : [
        invalid(
          field,
          `${modulusLength}-bit modulus`,
          'RSA keys must have modulus size 3072 or 4096',
        ),
      ]
}

/** The UID of the pod, signed: with RSASSA-PSS and salt of any length where the key is RSA. */
function isProof(key: KeyObject, podUID: string, proof: Uint8Array): boolean {
  const text = Buffer.from(podUID)
  if (key.asymmetricKeyType === 'ed25519') return verify(undefined, text, key, proof)
  if (key.asymmetricKeyType === 'ec') return verify('sha256', text, key, proof)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO
  return verify('sha256', text, { key, padding, saltLength }, proof)
}

/** Each thing that is wrong is told alone, since what follows builds on it. */
function wrongAnswer(
  { status, spec }: PodCertificateRequest,
  previous: PodCertificateRequest,
  now: number,
): FieldError[] {
  const { certificateChain = '' } = status
  const complain = (why: string) => [invalid(CHAIN, certificateChain, why)]
  if (Buffer.byteLength(certificateChain) > MAXIMUM_CHAIN_BYTES)
    return [tooLong(CHAIN, MAXIMUM_CHAIN_BYTES)]
  const [first, ...others] = pemBlocks(certificateChain)
  if (!first) return complain('issued certificate chain must contain at least one certificate')
  if ([first, ...others].some(({ label }) => label !== 'CERTIFICATE'))
    return complain('issued certificate chain must consist entirely of CERTIFICATE PEM blocks')
  const leaf = certificateIn(first.bytes)
  if (!leaf) return complain('leaf certificate does not parse as valid X.509')
  const names = wrongNames(leaf)
  if (names.length > 0) return names
  if (!requestedKey(previous.spec)?.equals(leaf.publicKey))
    return complain('leaf certificate was not issued to the requested public key')
  const times = wrongTimes(status, leaf, { now, longest: spec.maxExpirationSeconds ?? 0 })
  if (times.length > 0) return times
  return others.every(({ bytes }) => certificateIn(bytes))
    ? []
    : complain('intermediate certificate does not parse as valid X.509')
}

function requestedKey(spec: PodCertificateRequestSpec): KeyObject | undefined {
  if (spec.stubPKCS10Request === '') return keyIn(spec.pkixPublicKey)
  return requestIn(bytesOf(spec.stubPKCS10Request)).publicKey
}

function wrongNames({ subjectAltName = '' }: X509Certificate): FieldError[] {
  return subjectAltName.split(', ').flatMap(entry => {
    const [, kind, name = ''] = /^(DNS|email):(.*)$/.exec(entry) ?? []
    const because = (why: string) => [invalid(CHAIN, name, why)]
    if (kind === 'email')
      return /^[^\s@<>]+@[^\s@<>]+$/.test(name)
        ? []
        : because('leaf certificate should not contain invalid EmailAddress')
    if (kind !== 'DNS') return []
    if (name === '') return because('leaf certificate should not contain empty DNSName')
    if (name.includes('..')) return because("leaf certificate's DNSName should not contain '..'")
    if (name.startsWith('.') || name.endsWith('.'))
      return because("leaf certificate's DNSName should not start or end with '.'")
    return []
  })
}

const TIMES = {
  notBefore: 'must be present and consistent with the issued certificate',
  notAfter: 'must be present and consistent with the issued certificate',
  beginRefreshAt: 'must be present and in the range [notbefore+10min, notafter-10min]',
} as const

function wrongTimes(
  status: PodCertificateRequest['status'],
  leaf: X509Certificate,
  { now, longest }: { readonly now: number; readonly longest: number },
): FieldError[] {
  const fields = Object.keys(TIMES) as (keyof typeof TIMES)[]
  const missing = fields.filter(field => !status[field])
  if (missing.length > 0) return missing.map(field => required(`status.${field}`, TIMES[field]))
  const at = (field: keyof typeof TIMES) => Date.parse(status[field] ?? '')
  const complain = (field: keyof typeof TIMES, why: string) => [
    invalid(`status.${field}`, status[field], why),
  ]
  const [from, until] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)]
  if (at('notBefore') !== from)
    return complain(
      'notBefore',
      'must be set to the NotBefore time encoded in the leaf certificate',
    )
  if (Math.abs(from - now) >= CLOCK_SKEW)
    return complain('notBefore', "must be set to within 5 minutes of kube-apiserver's current time")
  if (at('notAfter') !== until)
    return complain('notAfter', 'must be set to the NotAfter time encoded in the leaf certificate')
  if (until - from < SHORTEST_LIFE)
    return [invalidAsWhole(CHAIN, 'leaf certificate lifetime must be >= 1 hour')]
  if (until - from > longest * 1000)
    return [
      invalidAsWhole(
        CHAIN,
        `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${longest})`,
      ),
    ]
  if (at('beginRefreshAt') < from + REFRESH_MARGIN)
    return complain('beginRefreshAt', 'must be at least 10 minutes after status.notBefore')
  if (at('beginRefreshAt') > until - REFRESH_MARGIN)
    return complain('beginRefreshAt', 'must be at least 10 minutes before status.notAfter')
  return []
}
