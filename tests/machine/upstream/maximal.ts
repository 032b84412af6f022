/**
 * Objects with as many fields as upstream takes. Every field gets a value; what upstream then refuses is taken out again, as its own
 * refusals name it, until it takes the rest. So nobody has to write down which fields go together.
 */
import type { AnyKind } from '#api/machinery/kind.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import { fullObject } from '#api/machinery/testing.ts'
import { withoutOff } from './served.ts'

export interface Refusal {
  readonly field?: string
  readonly reason?: string
}

/** Each step takes out something, so most kinds need far less. */
const MAXIMUM_STEPS = 60

/** Every field of the part, over which what is known to be valid has the last word. */
export function fullest(kind: AnyKind, part: 'object' | 'status', valid: PlainObject): PlainObject {
  const {
    status,
    metadata: _,
    apiVersion: __,
    kind: ___,
    ...content
  } = withoutOff(fullObject(kind.shape), kind) as PlainObject
  const full = part === 'status' ? (isPlainObject(status) ? status : {}) : content
  return laidOver(full, valid) as PlainObject
}

function laidOver(full: unknown, valid: unknown): unknown {
  if (isPlainObject(full) && isPlainObject(valid)) {
    const laid: PlainObject = { ...full }
    for (const [name, value] of Object.entries(valid)) laid[name] = laidOver(full[name], value)
    return laid
  }
  if (Array.isArray(full) && Array.isArray(valid))
    return valid.map((item, at) => laidOver(full[at], item))
  return valid
}

/** What is left of the candidate when `refusals` has nothing more against it; `valid` stays whole. */
export async function accepted(
  candidate: PlainObject,
  valid: PlainObject,
  refusals: (candidate: PlainObject) => Promise<readonly Refusal[] | undefined>,
): Promise<PlainObject> {
  let left = candidate
  for (let step = 0; step < MAXIMUM_STEPS; step++) {
    const refused = await refusals(left)
    if (refused === undefined) return left
    const before = JSON.stringify(left)
    for (const each of refused) left = without(left, valid, pathOf(each)) as PlainObject
    if (JSON.stringify(left) === before) break
  }
  return valid
}

/** What is required and missing takes what it is missing in with it. */
function pathOf({ field = '', reason }: Refusal): string[] {
  const path = field
    .replaceAll(/\[([^\]]*)\]/g, '.$1')
    .split('.')
    .filter(Boolean)
  return reason === 'FieldValueRequired' ? path.slice(0, -1) : path
}

/** A copy in which the path, as far as it leads, is as in what is valid, or not at all. */
function without(value: unknown, valid: unknown, path: readonly string[]): unknown {
  const [name = '', ...below] = path
  if (Array.isArray(value)) {
    const items = Array.isArray(valid) ? valid : []
    const at = Number(name)
    if (!(at in value)) return valid
    const item = below.length > 0 ? without(value[at], items[at], below) : items[at]
    return value.flatMap((each, index) =>
      index !== at ? [each] : item === undefined ? [] : [item],
    )
  }
  if (!isPlainObject(value) || !(name in value)) return valid
  const known = isPlainObject(valid) ? valid[name] : undefined
  const part = below.length > 0 ? without(value[name], known, below) : known
  const { [name]: _, ...others } = value
  return part === undefined ? others : { ...others, [name]: part }
}
