/**
 * One copy of FieldsV1 for all objects that say the same: pods of one template, and events of one reason, differ in few of the fields
 * that their writers own. Whole branches are shared, so that what differs costs its way to the root only.
 */
import type { PlainObject } from '../plain.ts'

/** Branches that are known; with more the table begins anew, and what was given out stays good. */
const LIMIT = 10_000

const known = new Map<string, PlainObject>()
const numbers = new WeakMap<object, number>()
let last = 0

/** The branch of this content that was met first, frozen; its own branches have been through here. */
export function sharedBranch(branch: PlainObject): PlainObject {
  let text = ''
  for (const element of Object.keys(branch)) text += `${element}\0${numberOf(branch[element])}\0`
  const found = known.get(text)
  if (found) return found
  if (known.size >= LIMIT) known.clear()
  known.set(text, Object.freeze(branch))
  numberOf(branch)
  return branch
}

/** Whether it came from here. */
export const isShared = (branch: object): boolean => numbers.has(branch)

function numberOf(branch: unknown): number {
  const object = branch as object
  let number = numbers.get(object)
  if (number === undefined) {
    number = ++last
    numbers.set(object, number)
  }
  return number
}
