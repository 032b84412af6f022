/** Addresses of the web: taken apart as they are written, where URL would tidy them. */
import type { Add, Target } from './library.ts'

const WEB = 'kubernetes.URL'

interface Parts {
  readonly scheme: string
  /** With its port, without its user. */
  readonly host: string
  readonly path: string
  readonly query: string
}

/** An error of the text, or its parts. */
function parse(text: string): Parts | string {
  if (text === '') return 'empty url'
  if (/\p{Cc}/u.test(text)) return 'net/url: invalid control character in URL'
  if (text === '*') return { scheme: '', host: '', path: '*', query: '' }
  const [, scheme, afterScheme = text] = /^([A-Za-z][A-Za-z0-9+.-]*):([\s\S]*)$/.exec(text) ?? []
  if (scheme === undefined && text.startsWith(':')) return 'missing protocol scheme'
  const [before = '', ...queries] = afterScheme.replace(/#.*$/s, '').split('?')
  const query = queries.join('?')
  const isRooted = before.startsWith('/')
  if (!isRooted && scheme === undefined) return 'invalid URI for request'
  const common = { scheme: scheme?.toLowerCase() ?? '', query }
  // Such as mailto:a@b: what follows is no path.
  if (!isRooted) return { ...common, host: '', path: '' }
  const hasHost = before.startsWith('//') && (scheme !== undefined || !before.startsWith('///'))
  const [, authority = '', path = ''] = hasHost
    ? (/^\/\/([^/]*)([\s\S]*)$/.exec(before) ?? [])
    : ['', '', before]
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const wrong = wrongHost(host) ?? wrongEscape(path)
  return wrong ?? { ...common, host, path }
}

function wrongHost(host: string): string | undefined {
  const isBracketed = host.startsWith('[')
  if (isBracketed && !host.includes(']')) return "missing ']' in host"
  const behind = isBracketed
    ? host.slice(host.lastIndexOf(']') + 1)
    : host.slice(host.lastIndexOf(':'))
  const hasPort = isBracketed ? behind !== '' : host.includes(':')
  if (hasPort && !/^:\d*$/.test(behind)) return `invalid port ${JSON.stringify(behind)} after host`
  const bad = /[ "<>\\^`{|}#]/.exec(host)?.[0]
  if (bad !== undefined && !(isBracketed && /[<>"]/.test(bad)))
    return `invalid character ${JSON.stringify(bad)} in host name`
  return wrongEscape(host)
}

function wrongEscape(text: string): string | undefined {
  const found = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text)?.[0]
  return found === undefined ? undefined : `invalid URL escape ${JSON.stringify(found)}`
}

class Web {
  readonly text: string
  readonly parts: Parts
  constructor(text: string) {
    const parts = parse(text)
    if (typeof parts === 'string')
      throw new Error(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${parts}`,
      )
    this.text = text
    this.parts = parts
  }
}

export const isWebAddress = (text: string): boolean => typeof parse(text) !== 'string'

export function addWebAddresses(target: Target, add: Add): void {
  target.registerType(WEB, { ctor: Web, fields: {} })
  target.registerOperator(
    `${WEB} == ${WEB}`,
    (one, other) => (one as Web).text === (other as Web).text,
  )
  add('isURL(string): bool', isWebAddress)
  add(`url(string): ${WEB}`, (text: string) => new Web(text))
  const part = (name: string, of: (parts: Parts) => string) =>
    add(`${WEB}.${name}(): string`, ({ parts }: Web) => of(parts))
  part('getScheme', ({ scheme }) => scheme)
  part('getHost', ({ host }) => host)
  part('getHostname', ({ host }) => host.replace(/:\d*$/, '').replace(/^\[|\]$/g, ''))
  part('getPort', ({ host }) => /:(\d*)$/.exec(host)?.[1] ?? '')
  part('getEscapedPath', ({ path }) => escaped(path))
  add(`${WEB}.getQuery(): map<string, list<string>>`, ({ parts }: Web) => queryOf(parts.query))
}

/** What may stand in a path stays, also where it is escaped already. */
const escaped = (path: string) =>
  path.replace(/[^A-Za-z0-9\-._~!$&'()*+,/:;=@[\]%]+/gu, encodeURIComponent)

function queryOf(text: string): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null)
  for (const pair of text.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const [name = '', ...rest] = pair.split('=')
    const [key, value] = [plain(name), plain(rest.join('='))]
    if (key === undefined || value === undefined) continue
    query[key] = [...(query[key] ?? []), value]
  }
  return query
}

/** Undefined for what is escaped wrongly, which is left out. */
function plain(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
