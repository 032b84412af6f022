/** Reads certificate signing requests (PKCS #10, RFC 2986): who is to be named, which key, and whether that key signed it. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type Element, element, readElements, readOid } from './der.ts'
import { pemBlocks } from './pem.ts'
import { type CertificateSubject, subjectIn } from './subject.ts'

export interface CertificateRequest {
  readonly subject: CertificateSubject
  readonly publicKey: KeyObject
  /** What is wrong with the signature, in the words that Go's clients know; '' where it is good. */
  readonly signatureProblem: string
}

const LABEL = 'CERTIFICATE REQUEST'

/** Hash and key type by the signature's algorithm. */
const ALGORITHMS: Readonly<Record<string, readonly [hash: string | undefined, keyType: string]>> = {
  '1.2.840.113549.1.1.11': ['sha256', 'rsa'],
  '1.2.840.113549.1.1.12': ['sha384', 'rsa'],
  '1.2.840.113549.1.1.13': ['sha512', 'rsa'],
  '1.2.840.10045.4.3.2': ['sha256', 'ec'],
  '1.2.840.10045.4.3.3': ['sha384', 'ec'],
  '1.2.840.10045.4.3.4': ['sha512', 'ec'],
  '1.3.101.112': [undefined, 'ed25519'],
}
const RSA_PSS = '1.2.840.113549.1.1.10'
const HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const FAILURES: Readonly<Record<string, string>> = {
  rsa: 'crypto/rsa: verification error',
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
}

/** The first block of the text. Throws an Error that says what is wrong with it. */
export function requestInPem(text: string): CertificateRequest {
  const [block] = pemBlocks(text)
  if (block?.label !== LABEL) throw new Error(`PEM block type must be ${LABEL}`)
  return requestIn(block.bytes)
}

/** Throws an Error that says what is wrong. */
export function requestIn(der: Uint8Array): CertificateRequest {
  const [whole, ...trailing] = readElements(der)
  if (trailing.length > 0) throw new Error('asn1: syntax error: trailing data')
  const [info, algorithm, signature] = readElements(whole?.content ?? new Uint8Array())
  const [, subject, key] = readElements(info?.content ?? new Uint8Array())
  if (!info || !algorithm || !signature || !subject || !key)
    throw new Error('asn1: syntax error: not a certificate signing request')
  const publicKey = createPublicKey({
    key: element(key.tag, key.content),
    format: 'der',
    type: 'spki',
  })
  return {
    subject: subjectIn(subject),
    publicKey,
    signatureProblem: signatureProblem(element(info.tag, info.content), {
      algorithm,
      // The first byte of a bit string counts its unused bits, of which signatures have none.
      signature: signature.content.subarray(1),
      publicKey,
    }),
  }
}

interface Signed {
  readonly algorithm: Element
  readonly signature: Uint8Array
  readonly publicKey: KeyObject
}

function signatureProblem(data: Uint8Array, { algorithm, signature, publicKey }: Signed): string {
  const [id, parameters] = readElements(algorithm.content)
  const name = id ? readOid(id.content) : ''
  const isPss = name === RSA_PSS
  const [hash, keyType] = isPss ? [pssHash(parameters), 'rsa'] : (ALGORITHMS[name] ?? [])
  if (keyType === undefined || (isPss && !hash))
    return 'x509: cannot verify signature: algorithm unimplemented'
  if (publicKey.asymmetricKeyType !== keyType)
    return 'x509: signature algorithm specifies another type of key than the request has'
  const padding = isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const key = keyType === 'rsa' ? { key: publicKey, padding } : publicKey
  return verify(hash, data, key, signature) ? '' : (FAILURES[keyType] ?? '')
}

/** The hash that the parameters of RSASSA-PSS name; others than the usual ones are not understood. */
function pssHash(parameters: Element | undefined): string | undefined {
  const [first] = readElements(parameters?.content ?? new Uint8Array())
  const [algorithm] = readElements(first?.content ?? new Uint8Array())
  const [id] = readElements(algorithm?.content ?? new Uint8Array())
  return id && HASHES[readOid(id.content)]
}
