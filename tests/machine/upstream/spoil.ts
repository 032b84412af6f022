/** A valid object with one thing wrong at a time: what each field may not be, nobody has to write down. */
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'

export interface Spoiled {
  /** Where and how. */
  readonly title: string
  readonly content: PlainObject
}

type Path = readonly (string | number)[]

/** Instead of a text: nothing, what no name may be, too much, and what only looks like a name. */
const TEXTS = ['', 'Not_Valid!', 'a'.repeat(260), '-a', 'a/b/c', '.', '1']
const NUMBERS = [-1, 0, 1, 65_536, 2_147_483_647]
const KEYS = ['', 'not valid!', 'x.example/y/z']

export function* spoiled(content: PlainObject): Generator<Spoiled> {
  for (const { path, value } of places(content)) {
    for (const [how, instead] of ways(value))
      yield {
        title: `${path.join('.')} ${how}`,
        content: put(content, path, instead) as PlainObject,
      }
  }
}

function* places(value: unknown, path: Path = []): Generator<{ path: Path; value: unknown }> {
  if (path.length > 0) yield { path, value }
  // Items of a list are alike, and one is enough.
  if (Array.isArray(value))
    for (const [at, item] of value.slice(0, 2).entries()) yield* places(item, [...path, at])
  else if (isPlainObject(value))
    for (const [name, part] of Object.entries(value)) yield* places(part, [...path, name])
}

const REMOVED = Symbol('removed')

function* ways(value: unknown): Generator<[how: string, instead: unknown]> {
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
