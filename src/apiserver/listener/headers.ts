/** Request headers as the pipeline wants them: names in lower case, one string each. */

/**
 * Repeated headers are joined by a comma, as HTTP defines; those of impersonation by a newline, which no value can hold,
 * because the name of a group may itself contain a comma.
 */
export function headersOf(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (name.startsWith(':')) continue
    const value = raw[at + 1] as string
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else headers[name] = before + (name.startsWith('impersonate-') ? '\n' : ', ') + value
  }
  return headers
}
