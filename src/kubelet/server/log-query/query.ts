/** What `/logs/?query=…` asks for, and what is wrong with it, in upstream's words. Pure. */

export interface LogQuery {
  /** Names without a slash: of units of the journal, or of files named so. */
  readonly services: readonly string[]
  /** One path below the directory of logs, in place of services. */
  readonly file: string | undefined
  readonly sinceMs: number | undefined
  readonly untilMs: number | undefined
  readonly lastLines: number | undefined
  readonly pattern: string | undefined
  readonly boot: number | undefined
}

export type ReadQuery =
  /** Nothing is queried: what is asked for is a page of `/logs/`. */
  | { readonly query?: undefined; readonly problem?: undefined; readonly status?: undefined }
  | { readonly query: LogQuery; readonly problem?: undefined; readonly status?: undefined }
  | {
      readonly query?: undefined
      readonly problem: string
      /** Of HTTP: 400 for what can't be read, 406 for what can't be had. */
      readonly status: 400 | 406
    }

const MAXIMUM_SERVICES = 4
const MAXIMUM_LINES = 100_000
/** What names of units are made of, and no pattern of several of them. */
const NAME = /^[\w@:.-]+$/
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

export const hasOptions = ({ sinceMs, untilMs, lastLines, pattern, boot }: LogQuery): boolean =>
  [sinceMs, untilMs, lastLines, pattern, boot].some(option => option !== undefined)

/** `search` is what stands behind the question mark, as it came. */
export function readLogQuery(search: string): ReadQuery {
  const values = valuesIn(search)
  const first = (name: string) => values.get(name)?.[0] || undefined
  const asked = values.get('query')
  const given = ['sinceTime', 'untilTime', 'tailLines', 'pattern', 'boot'].map(first)
  if (!asked && given.every(value => value === undefined)) return {}
  const problems: string[] = []
  const time = (name: string) => {
    const text = first(name)
    const ms = text === undefined ? undefined : timeIn(text)
    if (Number.isNaN(ms))
      problems.push(`${name}: Invalid value: ${JSON.stringify(text)}: invalid time format`)
    return ms
  }
  const number = (name: string) => {
    const text = first(name)
    const value = text === undefined ? undefined : integerIn(text)
    if (typeof value !== 'string') return value
    problems.push(`${name}: Invalid value: ${JSON.stringify(text)}: ${value}`)
    return undefined
  }
  const [sinceMs, untilMs] = [time('sinceTime'), time('untilTime')]
  const [lastLines, boot] = [number('tailLines'), number('boot')]
  const files = (asked ?? []).filter(name => /[/\\]/.test(name))
  const services = (asked ?? []).filter(name => !/[/\\]/.test(name))
  const pattern = first('pattern')
  if (asked?.some(name => name.trim() === ''))
    problems.push(`query: Invalid value: ${JSON.stringify(asked)}: may not be empty`)
  if (problems.length > 0) return { problem: together(problems), status: 400 }
  const query = { services, file: files[0], sinceMs, untilMs, lastLines, pattern, boot }
  problems.push(...problemsOf(query, asked, files, first('untilTime')))
  return problems.length > 0 ? { problem: together(problems), status: 406 } : { query }
}

const together = (problems: readonly string[]): string =>
  problems.length === 1 ? `${problems[0]}` : `[${problems.join(', ')}]`

function problemsOf(
  query: LogQuery,
  asked: readonly string[] | undefined,
  files: readonly string[],
  untilTime: string | undefined,
): readonly string[] {
  const { services, sinceMs, untilMs, lastLines, boot } = query
  const problems: string[] = []
  const invalid = (name: string, value: unknown, why: string) =>
    problems.push(`${name}: Invalid value: ${JSON.stringify(value)}: ${why}`)
  if (!asked) problems.push('query: Required value: cannot be empty with options')
  else if (files.length > 0 && services.length > 0)
    invalid(
      'query',
      `[${files.join(' ')}], [${services.join(' ')}]`,
      'cannot specify a file and service',
    )
  else if (files.length > 1) invalid('query', files, 'cannot specify more than one file')
  else if (files.length > 0 && hasOptions(query))
    invalid('query', files, 'cannot specify file with options')
  else if (services.length > MAXIMUM_SERVICES)
    problems.push(
      `query: Too many: ${services.length}: must have at most ${MAXIMUM_SERVICES} items`,
    )
  else
    for (const name of services)
      if (!NAME.test(name)) invalid('query', name, 'input contains unsupported characters')
  if (sinceMs !== undefined && untilMs !== undefined && untilMs < sinceMs)
    invalid('untilTime', untilTime, 'must be after `sinceTime`')
  if (boot !== undefined && boot > 0) invalid('boot', boot, 'must be less than 1')
  if (lastLines !== undefined && (lastLines < 0 || lastLines > MAXIMUM_LINES))
    invalid('tailLines', lastLines, `must be between 0 and ${MAXIMUM_LINES}, inclusive`)
  return problems
}

/** What has a semicolon, or is not encoded properly, is nobody's, as with Go's servers. */
function valuesIn(search: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const part of search.split('&')) {
    if (part === '' || part.includes(';')) continue
    const cut = part.indexOf('=')
    const [name, value] = (cut < 0 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)]).map(
      decoded,
    )
    if (name === undefined || value === undefined) continue
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return values
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

const timeIn = (text: string) => (RFC3339.test(text) ? Date.parse(text) : Number.NaN)

/** A number, or why it is none. */
function integerIn(text: string): number | string {
  const failed = (why: string) => `strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`
  if (!/^[+-]?\d+$/.test(text)) return failed('invalid syntax')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : failed('value out of range')
}
