/** Of which headers the values must not be mixed up, beside those that are known here, by their names in lower case. */
export type KeepsApart = (name: string) => boolean

/**
 * What a header says that came once more. Commas stand between the values, as HTTP defines; where they name people and groups, which may hold
 * commas, it is a newline, which no value can hold. Of credentials the first counts: two together would be nobody's.
 */
export function withRepeated(
  name: string,
  before: string,
  value: string,
  keepsApart?: KeepsApart,
): string {
  if (name === 'authorization') return before
  if (name === 'cookie') return `${before}; ${value}`
  const isApart =
    name.startsWith('impersonate-') || name.startsWith('x-remote-') || keepsApart?.(name)
  return before + (isApart ? '\n' : ', ') + value
}
