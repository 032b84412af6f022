/** Reads certificate signing requests (PKCS #10, RFC 2986): who is to be named, which key, and whether that key signed it. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type Element, element, readElements, readOid } from './der.ts'
import { extensionsIn } from './extensions.ts'
import { pemBlocks } from './pem.ts'
import { type CertificateSubject, subjectIn } from './subject.ts'

/** Subject alternative names by their sort, each as its bytes. */
export type AlternativeNames = Readonly<Record<NameSort, readonly Uint8Array[]>>
export type NameSort = 'dns' | 'email' | 'ip' | 'uri'

export interface CertificateRequest {
  readonly subject: CertificateSubject
  /** The distinguished name as it came, for what `subject` does not tell. */
  readonly subjectName: Element
  readonly names: AlternativeNames
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
  const [, subject, key, attributes] = readElements(info?.content ?? new Uint8Array())
  if (!info || !algorithm || !signature || !subject || !key)
    throw new Error('asn1: syntax error: not a certificate signing request')
  const publicKey = createPublicKey({
    key: element(key.tag, key.content),
    format: 'der',
    type: 'spki',
  })
  return {
    subject: subjectIn(subject),
    subjectName: subject,
    names: namesIn(attributes),
    publicKey,
    signatureProblem: signatureProblem(element(info.tag, info.content), {
      algorithm,
      // The first byte of a bit string counts its unused bits, of which signatures have none.
      signature: signature.content.subarray(1),
      publicKey,
    }),
  }
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'
/** Context tags of GeneralName (RFC 5280, 4.2.1.6). */
const NAME_TAGS: Readonly<Record<NameSort, number>> = {
  email: 0x81,
  dns: 0x82,
  uri: 0x86,
  ip: 0x87,
}

/** The names that the requested extensions hold, of the sorts that are known; others go no further. */
function namesIn(attributes: Element | undefined): AlternativeNames {
  const wanted = readElements(attributes?.content ?? new Uint8Array()).flatMap(({ content }) => {
    const [id, values] = readElements(content)
    return id && values && readOid(id.content) === EXTENSION_REQUEST
      ? readElements(values.content)
      : []
  })
  const value = wanted
    .flatMap(list => extensionsIn(list))
    .find(({ id }) => id === SUBJECT_ALT_NAME)?.value
  const [list] = readElements(value ?? new Uint8Array())
  const names = readElements(list?.content ?? new Uint8Array())
  const of = (sort: NameSort) =>
    names.filter(({ tag }) => tag === NAME_TAGS[sort]).map(({ content }) => content)
  const found = { dns: of('dns'), email: of('email'), ip: of('ip'), uri: of('uri') }
  if (found.ip.some(({ length }) => length !== 4 && length !== 16))
    throw new Error('x509: cannot parse IP address of length other than 4 and 16')
  for (const [sort, title] of Object.entries(TEXT_NAMES))
    if (found[sort as NameSort].some(bytes => bytes.some(byte => byte > 0x7f)))
      throw new Error(`x509: SAN ${title} is malformed`)
  for (const bytes of found.uri) checkUri(Buffer.from(bytes).toString('latin1'))
  return found
}

/** Names that are texts of ASCII, and nothing else: a certificate with others is read by none of Go's clients. */
const TEXT_NAMES = {
  email: 'rfc822Name',
  dns: 'dNSName',
  uri: 'uniformResourceIdentifier',
} as const

const URI_AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/

/** What Go's parser of URIs minds. */
function checkUri(text: string): void {
  const refuse = (why: string) => {
    throw new Error(`x509: cannot parse URI ${JSON.stringify(text)}: ${why}`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in it
  if (/[\x00-\x1f\x7f]/.test(text)) refuse('invalid control character in URL')
  if (/%(?![0-9A-Fa-f]{2})/.test(text.split('#')[0] ?? '')) refuse('invalid URL escape')
  if (text.startsWith(':')) refuse('missing protocol scheme')
  const host = URI_AUTHORITY.exec(text)?.[1] ?? ''
  if (host !== '' && !host.startsWith('[') && host.split('.').some(label => label === ''))
    refuse('invalid domain')
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
