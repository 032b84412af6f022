/**
 * What stands between the values of a header that was sent several times: a comma, as HTTP defines; where they name people and groups,
 * which may hold commas, a newline, which no value can hold.
 */
export function listSeparatorOf(name: string): string {
  return name.startsWith('impersonate-') || name.startsWith('x-remote-') ? '\n' : ', '
}
