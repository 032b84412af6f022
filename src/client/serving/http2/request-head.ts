/** What a request's headers must be (RFC 9113, section 8), and what they are to the rest of us. */
import { type KeepsApart, withRepeated } from '../repeated-headers.ts'
import type { HeaderField } from './header-tables.ts'

/** What no value may hold. */
const FORBIDDEN = /[\0\r\n]/

/** The headers of one request, while they are read. `isWrong` means that the request is malformed and its stream is reset. */
export class RequestHead {
  method = ''
  path = ''
  #scheme = ''
  #authority: string | undefined
  readonly headers: Record<string, string> = Object.create(null)
  isWrong = false
  isTooLarge = false
  /** As a table of headers counts them. */
  bytes = 0
  #hasFields = false
  readonly #limitBytes: number
  readonly #keepsApart: KeepsApart | undefined

  constructor(limitBytes: number, keepsApart?: KeepsApart) {
    this.#limitBytes = limitBytes
    this.#keepsApart = keepsApart
  }

  readonly take = ({ name, value }: HeaderField): void => {
    // What is too large is read to its end, since both ends must know the same table, but not kept.
    this.bytes += name.length + value.length + 32
    if (this.bytes > this.#limitBytes) this.isTooLarge = true
    else if (name.charCodeAt(0) === 58) this.#takePseudo(name, value)
    else this.#takeField(name, value)
  }

  /** To be asked when all was taken. */
  get isWhole(): boolean {
    return !this.isWrong && this.method !== '' && this.path !== '' && this.#scheme !== ''
  }

  /** Whether these are no request's headers, but what may follow a body. */
  get isTrailer(): boolean {
    const isRequest = this.method !== '' || this.path !== '' || this.#scheme !== ''
    return !this.isWrong && !isRequest && this.#authority === undefined
  }

  #takePseudo(name: string, value: string): void {
    if (this.#hasFields) this.isWrong = true
    else if (name === ':method' && this.method === '') this.method = value
    else if (name === ':path' && this.path === '') this.path = value
    else if (name === ':scheme' && this.#scheme === '') this.#scheme = value
    else if (name === ':authority' && this.#authority === undefined) this.#takeAuthority(value)
    else this.isWrong = true
  }

  /** What is called Host in HTTP/1.1. */
  #takeAuthority(value: string): void {
    this.#authority = value
    if (FORBIDDEN.test(value)) this.isWrong = true
    else if (value !== '') this.headers.host = value
  }

  #takeField(name: string, value: string): void {
    this.#hasFields = true
    if (!isFieldName(name) || FORBIDDEN.test(value) || isConnectionField(name, value)) {
      this.isWrong = true
      return
    }
    // RFC 9113, section 8.3.1: it is not to say anything else than :authority.
    if (name === 'host' && this.#authority) return
    const before = this.headers[name]
    if (before === undefined) this.headers[name] = value
    else this.headers[name] = withRepeated(name, before, value, this.#keepsApart)
  }
}

/** Lower case, and none of the characters that no name has. */
function isFieldName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (code <= 0x20 || code >= 0x7f || code === 0x3a || (code >= 0x41 && code <= 0x5a))
      return false
  }
  return name.length > 0
}

function isConnectionField(name: string, value: string): boolean {
  switch (name) {
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return true
    case 'te':
      return value !== 'trailers'
    default:
      return false
  }
}
