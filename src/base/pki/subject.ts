/**
 * Reads who a certificate is for (and by which id its key goes) from its own bytes. Node's text form of a subject needs unescaping, and its object
 * form loses the order and depends on the names of attributes; identities are too important for either.
 */
import { type Element, element, readElements, readOid } from './der.ts'
import { extensionsIn } from './extensions.ts'

export interface CertificateSubject {
  /** '' where there is none; the last one where there are several. */
  readonly commonName: string
  readonly organizations: readonly string[]
  /** The value of upstream's attribute for user UIDs, where the certificate has it. */
  readonly uid?: string
}

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'
const SUBJECT_KEY_ID = '2.5.29.14'
const TAG_EXTENSIONS = 0xa3
const KUBERNETES_USER_UID = '1.3.6.1.4.1.57683.2'

/** Throws a RangeError where the bytes are not a certificate. */
export function subjectOf(certificate: Uint8Array): CertificateSubject {
  return subjectIn(subjectElement(certificate))
}

/** Reads a distinguished name. */
export function subjectIn(name: Element): CertificateSubject {
  const attributes = attributesIn(name)
  const texts = (id: string) => (attributes.get(id) ?? []).map(textOf)
  const uid = texts(KUBERNETES_USER_UID).at(-1)
  return {
    commonName: texts(COMMON_NAME).at(-1) ?? '',
    organizations: texts(ORGANIZATION),
    ...(uid === undefined ? {} : { uid }),
  }
}

/** The subject's encoding, which is what certificates that this one signs must name as their issuer. */
export function subjectBytes(certificate: Uint8Array): Buffer {
  const subject = subjectElement(certificate)
  return element(subject.tag, subject.content)
}

/** The id that a certificate gives its own key; those that it signs must repeat it, however it was made. */
export function subjectKeyIdOf(certificate: Uint8Array): Uint8Array | undefined {
  const extensions = bodyElements(certificate).find(({ tag }) => tag === TAG_EXTENSIONS)
  const [list] = readElements(extensions?.content ?? new Uint8Array())
  const keyId = extensionsIn(list).find(({ id }) => id === SUBJECT_KEY_ID)
  return keyId && readElements(keyId.value)[0]?.content
}

/** The values of a distinguished name by the dotted ids of their attributes, in order. */
export function attributesIn(name: Element): Map<string, Element[]> {
  const found = new Map<string, Element[]>()
  for (const relativeName of readElements(name.content))
    for (const attribute of readElements(relativeName.content)) {
      const [type, value] = readElements(attribute.content)
      if (type === undefined || value === undefined) throw new RangeError('not a subject')
      const id = readOid(type.content)
      found.set(id, [...(found.get(id) ?? []), value])
    }
  return found
}

function bodyElements(certificate: Uint8Array): Element[] {
  const [whole] = readElements(certificate)
  const [body] = readElements(whole?.content ?? new Uint8Array())
  return readElements(body?.content ?? new Uint8Array())
}

function subjectElement(certificate: Uint8Array): Element {
  const parts = bodyElements(certificate)
  // TBSCertificate: [0] version, serial, algorithm, issuer, validity, subject; the version may be left out.
  const subject = parts[parts[0]?.tag === 0xa0 ? 5 : 4]
  if (subject === undefined) throw new RangeError('not a certificate')
  return subject
}

const TAG_BMP_STRING = 0x1e

/** A value of a distinguished name as text. */
export function textOf({ tag, content }: Element): string {
  // BMPString would need another decoding and is not used for names of users; taking it as bytes could confuse two users.
  if (tag === TAG_BMP_STRING) throw new RangeError('a name in BMPString is not supported')
  return Buffer.from(content).toString('utf8')
}
