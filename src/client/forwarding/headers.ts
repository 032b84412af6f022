/** Which headers pass through a proxy: what concerns one connection only stays on it, and no credential of the API leaves. */

type Headers = Readonly<Record<string, string>>

/** RFC 9110, section 7.6.1: about the connection, not the message. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
/** What says to the API server who somebody is; a pod that saw it could act as them. */
const CREDENTIALS = /^(authorization|impersonate-.*|x-remote-.*)$/
/** What is said of the way by which a request came, which its client does not take away again. */
const OF_THE_WAY = /^(x-forwarded-.*|audit-id|traceparent)$/
/** What may stand in a header; a careless server's other characters would break ours. */
const PLAIN = /^[\t\n\x20-\x7e\x80-\xff]*$/
/** A browser's bearer token stands among the subprotocols of its web socket. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'

export function forwardedRequest(headers: Headers, host: string): Record<string, string> {
  const named = namedBy(headers.connection)
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (HOP_BY_HOP.has(name) || CREDENTIALS.test(name)) continue
    if (named.has(name) && !OF_THE_WAY.test(name)) continue
    // The body is sent with the length that it has or was said to have.
    if (name === 'content-length' || name === 'expect' || name === 'host') continue
    passed[name] = value
  }
  return { ...passed, host, connection: 'close' }
}

export function upgradeRequest(headers: Headers, host: string): Record<string, string> {
  const passed = forwardedRequest({ ...headers, connection: '' }, host)
  const protocols = (passed['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '' && !each.startsWith(TOKEN_PROTOCOL))
  delete passed['sec-websocket-protocol']
  return {
    ...passed,
    ...(protocols.length > 0 ? { 'sec-websocket-protocol': protocols.join(', ') } : {}),
    connection: 'Upgrade',
    upgrade: headers.upgrade ?? '',
  }
}

/** From node's flat list; repeated ones are joined by a comma, cookies by a newline, which `wireHeaders` splits again. */
export function forwardedAnswer(raw: readonly string[]): Record<string, string> {
  const all: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = raw[at + 1] as string
    const before = all[name]
    if (before === undefined) all[name] = value
    else all[name] = before + (name === 'set-cookie' ? '\n' : ', ') + value
  }
  const named = namedBy(all.connection)
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(all))
    if (!HOP_BY_HOP.has(name) && !named.has(name) && PLAIN.test(value)) passed[name] = value
  return passed
}

/** `Connection: close, X-Mine` says that X-Mine, too, is for this connection alone. */
function namedBy(connection = ''): Set<string> {
  const names = connection.split(',').map(each => each.trim().toLowerCase())
  // These would change how the body is read.
  return new Set(names.filter(name => !['content-length', 'content-type', 'host'].includes(name)))
}
