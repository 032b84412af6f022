/** The extensions of certificates and of requests for them: a list of ids with a value each (RFC 5280, 4.2). */
import { type Element, readElements, readOid } from './der.ts'

export interface Extension {
  readonly id: string
  /** What the octet string holds: the encoding of a value of the extension's own type. */
  readonly value: Uint8Array
}

/** Whatever is no extension is passed over. */
export function extensionsIn(list: Element | undefined): Extension[] {
  return readElements(list?.content ?? new Uint8Array()).flatMap(({ content }) => {
    // Between the two there may be a boolean that says that the extension is critical.
    const parts = readElements(content)
    const [id] = parts
    const value = parts.at(-1)
    return id && value ? [{ id: readOid(id.content), value: value.content }] : []
  })
}
