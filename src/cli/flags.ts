/** Flags as upstream writes them (`--name value` or `--name=value`), read strictly: what is not known is refused in one sentence. */
import { formatDuration, parseDuration } from '#api/machinery/duration.ts'
import { UserError } from '#base/errors.ts'
import { nearest } from '#base/nearest.ts'
import { checkOther, type OtherFlags } from './other-flags.ts'

export interface Flag<T = unknown> {
  readonly name: string
  /** How help shows the value, e.g. `DIR`; absent for switches. */
  readonly placeholder?: string
  readonly doc: string
  /** The heading under which help lists it; those without one come first. */
  readonly section?: string
  /** Reads the text after the flag; throws a UserError. A switch gets 'true' or 'false'. */
  readonly parse: (text: string) => T
  readonly fallback: T
  /** It means something that nothing follows it, as in `--name=`. */
  readonly mayBeEmpty?: true
  /** Of lists: given again, a flag adds to what it said before. Others say the last thing only. */
  readonly join?: Joining<T> | undefined
  /** The value as it could be given, where that is not told by what it is. */
  readonly show?: Showing<T> | undefined
}

/** Written as methods, whose parameters are not held against those of another flag: a flag of anything is a `Flag<unknown>`. */
type Joining<T> = { join(before: T, more: T): T }['join']
type Showing<T> = { show(value: T): string }['show']

export function textFlag<const F extends string | undefined>(
  name: string,
  placeholder: string,
  doc: string,
  fallback: F,
): Flag<string | F> {
  return { name, placeholder, doc, fallback, parse: text => text }
}

export function switchFlag(name: string, doc: string, fallback = false): Flag<boolean> {
  return {
    name,
    doc,
    fallback,
    parse: text => {
      if (text !== 'true' && text !== 'false')
        throw new UserError(`--${name} is a switch: write --${name}, or --${name}=false`)
      return text === 'true'
    },
  }
}

export function portFlag<const F extends number | undefined>(
  name: string,
  doc: string,
  fallback: F,
): Flag<number | F> {
  return {
    name,
    placeholder: 'N',
    doc,
    fallback,
    parse: text => {
      const port = Number(text)
      if (!/^\d+$/.test(text) || port > 65535)
        throw new UserError(`--${name} wants a port from 0 to 65535, not "${text}"`)
      return port
    },
  }
}

/** A flag whose value `read` understands, or refuses with a UserError. */
export function flag<T>(
  name: string,
  placeholder: string,
  doc: string,
  read: (text: string) => T,
  fallback: T,
): Flag<T> {
  return { name, placeholder, doc, parse: read, fallback }
}

/** A span of time in Go's notation; 0 is 0. */
export const durationFlag = (name: string, doc: string, fallbackMs: number): Flag<number> => ({
  ...flag(
    name,
    'TIME',
    doc,
    text => {
      try {
        return Number(parseDuration(text) / 1_000_000n)
      } catch {
        throw new UserError(`--${name} wants a time such as 5m0s, not "${text}"`)
      }
    },
    fallbackMs,
  ),
  show: ms => formatDuration(BigInt(Math.round(ms)) * 1_000_000n),
})

/** Puts flags under a heading of their command's help. */
export function under<const F extends Readonly<Record<string, Flag>>>(
  section: string,
  flags: F,
): F {
  return Object.fromEntries(
    Object.entries(flags).map(([property, flag]) => [property, { ...flag, section }]),
  ) as unknown as F
}

/** A value as upstream's /flagz tells those of its kind. */
export function flagText(flag: Flag, value: unknown): string {
  if (value === undefined) return ''
  if (flag.show) return flag.show(value)
  if (Array.isArray(value)) return `[${value.join(',')}]`
  if (value instanceof Map) return [...value].map(([name, each]) => `${name}=${each}`).join(',')
  return String(value)
}

export type Values<F extends Readonly<Record<string, Flag>>> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never
}

export interface Parsed<F extends Readonly<Record<string, Flag>>> {
  readonly values: Values<F>
  readonly positionals: readonly string[]
}

/** Flags that are no flags of the command: those it knows to take or to refuse, and whether all others are passed over. */
export interface BesideFlags {
  readonly others?: OtherFlags
  readonly isLenient?: boolean
}

/** Reads the words behind a command. */
export function parseFlags<F extends Readonly<Record<string, Flag>>>(
  flags: F,
  words: readonly string[],
  { others = {}, isLenient = false }: BesideFlags = {},
): Parsed<F> {
  const byName = new Map(
    Object.entries(flags).map(([property, flag]) => [flag.name, { property, flag }]),
  )
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(flags).map(([property, flag]) => [property, flag.fallback]),
  )
  const positionals: string[] = []
  const said = new Set<string>()
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (!word.startsWith('-')) {
      positionals.push(word)
      continue
    }
    const [, name = '', , text] = /^--?([^=]+)(=([\s\S]*))?$/.exec(word) ?? []
    const known = byName.get(name)
    const other = known || !Object.hasOwn(others, name) ? undefined : others[name]
    if (other) {
      const value = text ?? (other.isSwitch ? 'true' : words[++i])
      if (value === undefined) throw new UserError(`--${name} needs a value: --${name}=VALUE`)
      checkOther(name, other, value)
      continue
    }
    if (!known && isLenient) continue
    if (!known)
      throw new UserError(
        `unknown flag: ${word.split('=')[0]}${nearest(name, [...byName.keys()], '--')}`,
      )
    if (known.flag.placeholder === undefined)
      values[known.property] = known.flag.parse(text ?? 'true')
    else {
      const next = text ?? words[++i]
      // Mostly an empty one is a shell variable that is not set rather than a wish.
      if (!next && !(known.flag.mayBeEmpty && next !== undefined))
        throw new UserError(`--${name} needs a value: --${name} ${known.flag.placeholder}`)
      const value = known.flag.parse(next ?? '')
      const { join } = known.flag
      values[known.property] =
        join && said.has(known.property) ? join(values[known.property], value) : value
      said.add(known.property)
    }
  }
  return { values: values as Values<F>, positionals }
}
