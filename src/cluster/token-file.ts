/** The file of --token-auth-file: lines of token, user name, uid and, as one value with commas, groups. */
import {
  type StaticToken,
  staticTokens,
  type TokenVerifier,
} from '#apiserver/authentication/bearer-tokens.ts'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Files } from '#host/files.ts'
import { bytesOf } from './followed-file.ts'

const LEAST_COLUMNS = 3

/** Throws a UserError. */
export function tokenFileVerifier(
  path: string,
  files: Pick<Files, 'read'>,
  log: Log,
  audiences: readonly string[],
): TokenVerifier {
  return staticTokens(tokensIn(bytesOf(path, files).toString(), path, log), { audiences })
}

export function tokensIn(text: string, path: string, log: Log): readonly StaticToken[] {
  const byToken = new Map<string, StaticToken>()
  for (const columns of recordsIn(text, path)) {
    if (columns.length < LEAST_COLUMNS)
      throw new UserError(
        `token file '${path}' must have at least 3 columns (token, user name, user uid), found ${columns.length}`,
      )
    const [token = '', name = '', uid = '', groups = ''] = columns.map(each => each.trim())
    if (token === '') {
      log.warn('a line of the token file has no token', { path })
      continue
    }
    // The last of several lines counts.
    if (byToken.has(token)) log.warn('the token file has the same token more than once', { path })
    const names = groups === '' ? [] : groups.split(',').map(each => each.trim())
    byToken.set(token, { token, user: { name, ...(uid ? { uid } : {}), groups: names } })
  }
  return [...byToken.values()]
}

/** As RFC 4180 has them: values may be in quotes, within which two quotes are one. */
function recordsIn(text: string, path: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let value = ''
  let isQuoted = false
  const endRecord = () => {
    if (record.length > 0 || value !== '') records.push([...record, value])
    record = []
    value = ''
  }
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]
    if (isQuoted) {
      if (letter !== '"') value += letter
      else if (text[i + 1] === '"') {
        value += '"'
        i++
      } else isQuoted = false
    } else if (letter === '"' && value === '') isQuoted = true
    else if (letter === ',') {
      record.push(value)
      value = ''
    } else if (letter === '\n') endRecord()
    else if (letter !== '\r') value += letter
  }
  if (isQuoted) throw new UserError(`token file '${path}' has a quote that nothing ends`)
  endRecord()
  return records
}
