/** Who asks, as a front proxy tells the server behind it. Values are what node writes: their UTF-8, one letter a byte. */
import type { UserInfo } from '../authentication/authenticator.ts'

/** The one that this server itself is when it looks whether another one is well. */
export const AGGREGATOR: UserInfo = {
  name: 'system:kube-aggregator',
  groups: ['system:masters'],
}
/** The one that reads OpenAPI documents. */
export const OPENAPI_READER: UserInfo = { name: 'system:aggregator', groups: [] }

export function identityHeaders({ name, uid, groups, extra }: UserInfo) {
  const headers: Record<string, string | readonly string[]> = { 'x-remote-user': wire(name) }
  if (uid) headers['x-remote-uid'] = wire(uid)
  if (groups.length > 0) headers['x-remote-group'] = groups.map(wire)
  for (const [key, values] of Object.entries(extra ?? {}))
    if (values.length > 0) headers[`x-remote-extra-${escaped(key)}`] = values.map(wire)
  return headers
}

const wire = (text: string) => Buffer.from(text).toString('latin1')

/** What may stand in the name of a header, but for the percent sign that escapes the rest. */
const PLAIN = /[a-z0-9!#$&'*+.^_`|~-]/

function escaped(key: string): string {
  return [...Buffer.from(key)]
    .map(byte => {
      const letter = String.fromCharCode(byte)
      const isPlain = PLAIN.test(letter.toLowerCase())
      return isPlain ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
