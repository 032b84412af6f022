/**
 * Reads PEM (RFC 7468, and the headers of RFC 1421): whatever is no block is passed over. One pass over the lines, so that a
 * text of nothing but beginnings costs no more than any other.
 */

export interface PemBlock {
  /** What the block says it is, such as CERTIFICATE. */
  readonly label: string
  readonly hasHeaders: boolean
  readonly bytes: Uint8Array
}

const BEGIN = /^-----BEGIN (.*?)-----\s*$/
const END = /^-----END (.*?)-----\s*$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  let label: string | undefined
  let body: string[] = []
  for (const line of text.split('\n')) {
    const begin = line.startsWith('-----') ? BEGIN.exec(line)?.[1] : undefined
    if (begin !== undefined) {
      label = begin
      body = []
    } else if (label !== undefined && line.startsWith('-----')) {
      const block = END.exec(line)?.[1] === label ? blockOf(label, body) : undefined
      if (block) blocks.push(block)
      label = undefined
    } else if (label !== undefined) body.push(line.trim())
  }
  return blocks
}

function blockOf(label: string, lines: readonly string[]): PemBlock | undefined {
  const headers = lines.findIndex(line => !line.includes(':'))
  const encoded = headers < 0 ? '' : lines.slice(headers).join('')
  if (!BASE64.test(encoded) || encoded.length % 4 !== 0) return undefined
  return { label, hasHeaders: headers > 0, bytes: Buffer.from(encoded, 'base64') }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Each certificate of a bundle, as it stands there. */
export function certificatesIn(text = ''): readonly string[] {
  return text.match(CERTIFICATE) ?? []
}
