/** Headers between node's HTTP/1.1 and the rest of us. */
import { type KeepsApart, withRepeated } from './repeated-headers.ts'

/** As node takes them: cookies cannot share a line, so those of a proxied answer come parted by newlines. */
export function wireHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string | string[]>> {
  const cookies = headers['set-cookie']
  return cookies === undefined ? headers : { ...headers, 'set-cookie': cookies.split('\n') }
}

/** As lines of a head that is written by hand. */
export function headLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(wireHeaders(headers)).flatMap(([name, value]) =>
    [value].flat().map(each => `${name}: ${each}`),
  )
}

/**
 * Names in lower case, one text each, from node's flat list of names and values.
 */
export function headersOf(raw: readonly string[], keepsApart?: KeepsApart): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = raw[at + 1] as string
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else headers[name] = withRepeated(name, before, value, keepsApart)
  }
  return headers
}
