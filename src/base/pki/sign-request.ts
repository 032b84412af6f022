/**
 * Answers a signing request: a certificate for the key, the subject and the alternative names that the request has. Of the subject
 * only the attributes go on that Go's signer lets through, and of the extensions none: what a certificate may be used for is up to
 * whoever signs.
 */
import { type CertifiedKey, extension, nameOf, signedBy, type Validity } from './certificate.ts'
import type { CertificateRequest } from './certificate-request.ts'
import { bitString, contextPrimitive, oid, sequence } from './der.ts'
import { attributesIn, textOf } from './subject.ts'

export interface SigningPolicy {
  readonly validity: Validity
  /** In the words of certificates.k8s.io, such as `client auth`. Unknown ones are an Error. */
  readonly usages: readonly string[]
}

/** Bits of KeyUsage, the most significant of the first byte being 0. */
const KEY_USAGE_BITS: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
}

/** In the order in which Go writes them. */
const EXTENDED_KEY_USAGES: readonly (readonly [usage: string, id: string])[] = [
  ['any', '2.5.29.37.0'],
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
]

const COMMON_NAME = '2.5.4.3'
const SERIAL_NUMBER = '2.5.4.5'
/** Country, province, locality, street, postal code, organization and unit, as Go orders them: each may be there several times. */
const REPEATED = ['2.5.4.6', '2.5.4.8', '2.5.4.7', '2.5.4.9', '2.5.4.17', '2.5.4.10', '2.5.4.11']

/** PEM of the certificate. Throws an Error where the request must not be signed. */
export function signRequest(
  request: CertificateRequest,
  policy: SigningPolicy,
  authority: CertifiedKey,
  random: Parameters<typeof signedBy>[2],
): string {
  if (request.signatureProblem)
    throw new Error(`unable to verify certificate request signature: ${request.signatureProblem}`)
  const { dns, email, ip, uri } = request.names
  const general = (tag: number, names: readonly Uint8Array[]) =>
    names.map(name => contextPrimitive(tag, name))
  const facts = {
    subject: subjectFor(request),
    publicKey: request.publicKey,
    validity: policy.validity,
    extensions: usageExtensions(policy.usages),
    names: [...general(2, dns), ...general(1, email), ...general(7, ip), ...general(6, uri)],
  }
  return signedBy(authority, facts, random)
}

function subjectFor({ subjectName }: CertificateRequest): Uint8Array {
  const attributes = attributesIn(subjectName)
  const texts = (id: string) => (attributes.get(id) ?? []).map(textOf)
  const last = (id: string) => texts(id).slice(-1).filter(Boolean)
  return nameOf([
    ...REPEATED.map(id => [id, texts(id)] as const),
    [COMMON_NAME, last(COMMON_NAME)],
    [SERIAL_NUMBER, last(SERIAL_NUMBER)],
  ])
}

function usageExtensions(usages: readonly string[]): Uint8Array[] {
  const extended = EXTENDED_KEY_USAGES.filter(([usage]) => usages.includes(usage))
  const unknown = usages.filter(
    usage => !(usage in KEY_USAGE_BITS) && !extended.some(([known]) => known === usage),
  )
  if (unknown.length > 0) {
    const texts = unknown.map(usage => JSON.stringify(usage)).join(' ')
    throw new Error(`unrecognized usage values: [${texts}]`)
  }
  const bits = usages.flatMap(usage => KEY_USAGE_BITS[usage] ?? [])
  const ids = [...new Set(extended.map(([, id]) => id))]
  return [
    ...(bits.length > 0 ? [extension('2.5.29.15', true, keyUsageBits(bits))] : []),
    ...(ids.length > 0 ? [extension('2.5.29.37', false, sequence(...ids.map(oid)))] : []),
    extension('2.5.29.19', true, sequence()),
  ]
}

/** A named bit list: DER leaves out what follows the last bit that is set. */
function keyUsageBits(bits: readonly number[]): Uint8Array {
  const highest = Math.max(...bits)
  const bytes = new Uint8Array(Math.floor(highest / 8) + 1)
  for (const bit of bits) {
    const at = Math.floor(bit / 8)
    bytes[at] = (bytes[at] ?? 0) | (0x80 >> (bit % 8))
  }
  return bitString(bytes, 7 - (highest % 8))
}
