/** Issuing X.509 certificates: keys and facts in, PEM out. No files, no clock: whoever calls says when. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import type { Random } from '../random.ts'
import { addressBytes } from './address.ts'
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  integer,
  NULL,
  octetString,
  oid,
  readElements,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'
import { subjectBytes, subjectKeyIdOf } from './subject.ts'

export interface Subject {
  readonly commonName: string
  /** O: the groups of a client certificate. */
  readonly organizations?: readonly string[]
}

/** A certificate with the private key that belongs to it, both PEM. */
export interface CertifiedKey {
  readonly certificate: string
  readonly key: string
}

export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export interface LeafRequest {
  readonly subject: Subject
  readonly usages: readonly ('server' | 'client')[]
  /** Subject alternative names; an IP address is told from a name by its form. */
  readonly names?: readonly string[]
  readonly validity: Validity
  /** PEM of a key that exists already; without it a new one is made. */
  readonly key?: string
}

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const

// Bits of KeyUsage, most significant first: digitalSignature 0, keyEncipherment 2, keyCertSign 5, cRLSign 6.
const CA_KEY_USAGE = bitString(Buffer.from([0b1010_0110]), 1)
const LEAF_KEY_USAGE = bitString(Buffer.from([0b1010_0000]), 5)

/** A new P-256 private key in the PEM of SEC 1: clients on Java take PKCS #8 for RSA. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'sec1', format: 'pem' }) as string
}

/** A self-signed certificate authority. */
export function issueAuthority(
  commonName: string,
  validity: Validity,
  random: Random,
  key = newPrivateKey(),
): CertifiedKey {
  const signer = createPrivateKey(key)
  const publicKey = createPublicKey(signer)
  const name = distinguishedName({ commonName })
  const extensions = [
    extension(OID.basicConstraints, true, sequence(boolean(true))),
    extension(OID.keyUsage, true, CA_KEY_USAGE),
    extension(OID.subjectKeyId, false, octetString(keyIdOf(publicKey))),
    // Go and OpenSSL look for the name of an authority here too when it is used for serving.
    extension(OID.subjectAltName, false, sequence(...alternativeNames([commonName]))),
  ]
  const facts = { issuer: name, subject: name, publicKey, validity, extensions }
  return { certificate: signed(facts, signer, random), key }
}

/** A serving or client certificate, signed by `authority`. */
export function issueLeaf(
  request: LeafRequest,
  authority: CertifiedKey,
  random: Random,
): CertifiedKey {
  const key = request.key ?? newPrivateKey()
  const usages = request.usages.map(usage =>
    oid(usage === 'server' ? OID.serverAuth : OID.clientAuth),
  )
  const facts = {
    subject: distinguishedName(request.subject),
    publicKey: createPublicKey(key),
    validity: request.validity,
    extensions: [
      extension(OID.basicConstraints, true, sequence()),
      extension(OID.keyUsage, true, LEAF_KEY_USAGE),
      extension(OID.extendedKeyUsage, false, sequence(...usages)),
    ],
    names: alternativeNames(request.names ?? []),
  }
  return { certificate: signedBy(authority, facts, random), key }
}

/** What a certificate that an authority signs says; `names` are GeneralNames. */
export interface LeafFacts {
  /** A distinguished name. */
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  readonly validity: Validity
  readonly extensions: readonly Uint8Array[]
  readonly names: readonly Uint8Array[]
}

/** PEM of a certificate with these facts, its issuer's key and its alternative names. */
export function signedBy(authority: CertifiedKey, facts: LeafFacts, random: Random): string {
  const issuer = new X509Certificate(authority.certificate).raw
  const issuerKeyId = subjectKeyIdOf(issuer)
  const extensions = [...facts.extensions]
  if (issuerKeyId)
    extensions.push(
      extension(OID.authorityKeyId, false, sequence(contextPrimitive(0, issuerKeyId))),
    )
  // Whoever has no other name is known by these, and they must be understood then.
  const isNameless = readElements(facts.subject)[0]?.content.length === 0
  if (facts.names.length > 0)
    extensions.push(extension(OID.subjectAltName, isNameless, sequence(...facts.names)))
  const { subject, publicKey, validity } = facts
  // The issuer must be byte for byte the authority's subject, which may have come from elsewhere.
  const whole = { issuer: subjectBytes(issuer), subject, publicKey, validity, extensions }
  return signed(whole, createPrivateKey(authority.key), random)
}

interface Facts {
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  readonly validity: Validity
  readonly extensions: readonly Uint8Array[]
}

function signed(facts: Facts, signer: KeyObject, random: Random): string {
  const algorithm =
    signer.asymmetricKeyType === 'rsa'
      ? sequence(oid(OID.rsaWithSha256), NULL)
      : sequence(oid(OID.ecdsaWithSha256))
  const body = sequence(
    context(0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber(random)),
    algorithm,
    facts.issuer,
    sequence(time(facts.validity.notBefore), time(facts.validity.notAfter)),
    facts.subject,
    facts.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...facts.extensions)),
  )
  const der = sequence(body, algorithm, bitString(sign('sha256', body, signer)))
  return pemOf('CERTIFICATE', der)
}

/** 16 random bytes, positive and not zero. */
function serialNumber(random: Random): Uint8Array {
  const serial = Uint8Array.from(random.bytes(16))
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial
}

export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** O before CN: the order in which Go writes names, so that files compare well. */
export function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  return nameOf([
    [OID.organization, organizations],
    [OID.commonName, [commonName]],
  ])
}

/** A distinguished name of the attributes that have texts, all texts of one in one set, as Go writes it. */
export function nameOf(attributes: readonly (readonly [id: string, texts: readonly string[]])[]) {
  return sequence(
    ...attributes
      .filter(([, texts]) => texts.length > 0)
      .map(([id, texts]) => set(...texts.map(text => sequence(oid(id), utf8String(text))))),
  )
}

/** GeneralNames of addresses and DNS names. */
export function alternativeNames(names: readonly string[]): Buffer[] {
  return names.map(name =>
    isIP(name)
      ? contextPrimitive(7, addressBytes(name))
      : contextPrimitive(2, Buffer.from(name, 'ascii')),
  )
}

/** Names a key: 160 bits of the SHA-256 of its public form, as RFC 7093 suggests. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest().subarray(0, 20)
}
