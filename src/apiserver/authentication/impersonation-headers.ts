/**
 * Whom the Impersonate headers name. Values of a header that came several times reach this file as one text, parted by newlines, which no
 * value can hold. Of users and UIDs the first one counts, as upstream.
 */
import { goQuote } from '#api/machinery/go-quote.ts'
import { badRequest } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'

export const IMPERSONATION_HEADER_PREFIX = 'impersonate-'
const EXTRA_PREFIX = 'impersonate-extra-'

export interface NamedUser {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: ReadonlyMap<string, readonly string[]>
}

/** Undefined where they name nobody at all. Throws BadRequest where they say something of a user that they do not name. */
export function namedUser(headers: NonNullable<ApiRequest['headers']>): NamedUser | undefined {
  const values = new Map<string, readonly string[]>()
  for (const [name, text] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (lower.startsWith(IMPERSONATION_HEADER_PREFIX)) values.set(lower, valuesIn(text))
  }
  const [name = ''] = values.get('impersonate-user') ?? []
  const [uid = ''] = values.get('impersonate-uid') ?? []
  const groups = values.get('impersonate-group') ?? []
  const extra = new Map<string, readonly string[]>()
  for (const [header, texts] of values) {
    if (!header.startsWith(EXTRA_PREFIX)) continue
    const key = decoded(header.slice(EXTRA_PREFIX.length))
    extra.set(key, [...(extra.get(key) ?? []), ...texts])
  }
  const named = { name, uid, groups, extra }
  if (name !== '') return named
  if (uid === '' && groups.length === 0 && extra.size === 0) return undefined
  throw badRequest(`requested ${shown(named)} without impersonating a user name`)
}

/** Node reads one letter a byte where UTF-8 was sent. */
const valuesIn = (text: string): string[] =>
  text.split('\n').map(each => Buffer.from(each.trim(), 'latin1').toString())

/** Keys of extra values are percent-encoded, since names of headers cannot hold every character. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** As Go shows such a user. */
function shown({ name, uid, groups, extra }: NamedUser): string {
  const list = (texts: readonly string[]) => `[]string{${texts.map(goQuote).join(', ')}}`
  const entries = [...extra].sort(([one], [other]) => (one < other ? -1 : 1))
  const map = entries.map(([key, texts]) => `${goQuote(key)}:${list(texts)}`).join(', ')
  return (
    `&user.DefaultInfo{Name:${goQuote(name)}, UID:${goQuote(uid)}, ` +
    `Groups:${groups.length > 0 ? list(groups) : '[]string(nil)'}, ` +
    `Extra:map[string][]string${extra.size > 0 ? `{${map}}` : '(nil)'}}`
  )
}
