/** The parts of a URL as Go's library takes it apart, and in its words why it cannot: browsers' rules mend what is wrong. */

export interface UrlParts {
  /** In lower case. */
  readonly scheme: string
  readonly user: string | undefined
  readonly host: string
  readonly query: string
  readonly fragment: string
}

export class WrongUrl extends Error {}

/** Throws a WrongUrl that says what is wrong. */
export function urlParts(text: string): UrlParts {
  const [whole, fragment] = cutAt(text, '#')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: just those may not be in a URL
  if (/[\u0000-\u001f\u007f]/.test(whole))
    throw new WrongUrl('net/url: invalid control character in URL')
  if (whole.startsWith(':')) throw new WrongUrl('missing protocol scheme')
  const [, scheme = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(whole) ?? []
  const [rest, query] = cutAt(scheme === '' ? whole : whole.slice(scheme.length + 1), '?')
  const parts = { scheme: scheme.toLowerCase(), query, fragment }
  const nowhere = { ...parts, user: undefined, host: '' }
  if (!rest.startsWith('/')) {
    if (scheme === '' && rest.split('/')[0]?.includes(':'))
      throw new WrongUrl('first path segment in URL cannot contain colon')
    if (scheme !== '') return nowhere
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))
  const authority = hasAuthority ? (rest.slice(2).split('/')[0] ?? '') : ''
  const found = hasAuthority ? { ...parts, ...authorityParts(authority) } : nowhere
  checkEscapes(hasAuthority ? rest.slice(2 + authority.length) : rest)
  checkEscapes(fragment)
  return found
}

/** What stands before the first of these letters, and what behind it. */
function cutAt(text: string, letter: string): readonly [string, string] {
  const at = text.indexOf(letter)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function authorityParts(authority: string): Pick<UrlParts, 'user' | 'host'> {
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  checkHost(host)
  const user = at < 0 ? undefined : authority.slice(0, at)
  if (user !== undefined && !/^[\w\-.:~!$&'()*+,;=%@]*$/.test(user))
    throw new WrongUrl('net/url: invalid userinfo')
  return { user, host }
}

function checkHost(host: string): void {
  const end = host.lastIndexOf(']')
  if (host.startsWith('[') && end < 0) throw new WrongUrl("missing ']' in host")
  const colon = host.startsWith('[') ? end + 1 : host.indexOf(':')
  const port = colon < 0 ? '' : host.slice(colon)
  if (!/^(:\d*)?$/.test(port)) throw new WrongUrl(`invalid port ${JSON.stringify(port)} after host`)
  const [odd] = /[\s^`{|}\\]/.exec(host) ?? []
  if (odd !== undefined) throw new WrongUrl(`invalid character ${JSON.stringify(odd)} in host name`)
  checkEscapes(host)
}

function checkEscapes(text: string): void {
  const at = text.search(/%(?![0-9a-fA-F]{2})/)
  if (at >= 0) throw new WrongUrl(`invalid URL escape ${JSON.stringify(text.slice(at, at + 3))}`)
}
