/** A valid object with one thing wrong, or just otherwise, at a time: what each field may not be or become, nobody has to write down. */
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'

export interface Spoiled {
  /** Where and how. */
  readonly title: string
  readonly content: PlainObject
}

export type Path = readonly (string | number)[]

/** Instead of a text: nothing, what no name may be, too much, and what only looks like a name. */
const TEXTS = ['', 'Not_Valid!', 'a'.repeat(260), '-a', 'a/b/c', '.', '1']
const NUMBERS = [-1, 0, 1, 65_536, 2_147_483_647]
const KEYS = ['', 'not valid!', 'x.example/y/z']

export const spoiled = (content: PlainObject): Generator<Spoiled> =>
  otherwise(content, [], spoiledWays)

/** What an update may change it to, or may not though it would be valid; only what is below `within`. */
export const changed = (content: PlainObject, within: Path): Generator<Spoiled> =>
  otherwise(content, within, function* (value) {
    yield* spoiledWays(value)
    yield* validWays(value)
  })

type Ways = (value: unknown) => Generator<[how: string, instead: unknown]>

function* otherwise(content: PlainObject, within: Path, ways: Ways): Generator<Spoiled> {
  for (const { path, value } of places(at(content, within), within)) {
    for (const [how, instead] of ways(value))
      yield {
        title: `${path.join('.')} ${how}`,
        content: put(content, path, instead) as PlainObject,
      }
  }
}

export const at = (value: unknown, path: Path): unknown =>
  path.reduce((part, step) => (part as PlainObject | undefined)?.[step], value)

function* places(value: unknown, path: Path): Generator<{ path: Path; value: unknown }> {
  if (value !== undefined && path.length > 0) yield { path, value }
  // Items of a list are alike, and one is enough.
  if (Array.isArray(value))
    for (const [at, item] of value.slice(0, 2).entries()) yield* places(item, [...path, at])
  else if (isPlainObject(value))
    for (const [name, part] of Object.entries(value)) yield* places(part, [...path, name])
}

const REMOVED = Symbol('removed')

function* spoiledWays(value: unknown): ReturnType<Ways> {
  yield ['removed', REMOVED]
  if (typeof value === 'string') for (const text of TEXTS) yield [`= "${text.slice(0, 12)}"`, text]
  else if (typeof value === 'number') for (const number of NUMBERS) yield [`= ${number}`, number]
  else if (typeof value === 'boolean') yield [`= ${!value}`, !value]
  else if (Array.isArray(value)) {
    yield ['empty', []]
    if (value.length > 0) yield ['twice', [...value, structuredClone(value[0])]]
  } else if (isPlainObject(value)) {
    yield ['empty', {}]
    const [first] = Object.values(value)
    if (typeof first === 'string')
      for (const key of KEYS) yield [`with "${key}"`, { ...value, [key]: first }]
  }
}

/** Mostly as valid as it was, so that it is the change alone that may not be. */
function* validWays(value: unknown): ReturnType<Ways> {
  if (typeof value === 'string') yield ['with "x" behind', `${value}x`]
  else if (typeof value === 'number') {
    yield ['+ 1', value + 1]
    yield ['- 1', value - 1]
  } else if (Array.isArray(value)) {
    if (value.length > 1) yield ['reversed', value.toReversed()]
    if (value.length > 0) yield ['without the last', value.slice(0, -1)]
    if (isPlainObject(value[0]) && typeof value[0].name === 'string')
      yield ['with one more', [...value, { ...value[0], name: `${value[0].name}-more` }]]
  } else if (isPlainObject(value) && Object.values(value).every(part => typeof part === 'string'))
    yield ['with "told"', { ...value, told: '1' }]
}

function put(value: unknown, [step, ...rest]: Path, instead: unknown): unknown {
  if (step === undefined) return instead
  if (Array.isArray(value)) {
    const at = Number(step)
    const item = put(value[at], rest, instead)
    return item === REMOVED ? value.toSpliced(at, 1) : value.with(at, item)
  }
  const { [step]: part, ...others } = value as PlainObject
  const changed = put(part, rest, instead)
  return changed === REMOVED ? others : { ...(value as PlainObject), [step]: changed }
}
