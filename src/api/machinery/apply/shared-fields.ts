/**
 * One copy of FieldsV1 for all objects that say the same: pods of one template, and events of one reason, differ in few of the fields
 * that their writers own. Whole branches are shared, so that what differs costs its way to the root only.
 */
import { stringifyJson } from '../exact-json.ts'
import type { PlainObject } from '../plain.ts'

/** Branches that are known; with more the table begins anew, and what was given out stays good. */
const LIMIT = 10_000

const known = new Map<string, PlainObject>()
const numbers = new WeakMap<object, number>()
let last = 0

/** The branch of this content that was met first, frozen; its own branches have been through here. */
export function sharedBranch(branch: PlainObject): PlainObject {
  let text = ''
  // With their lengths: elements come from clients, and one may look like several others with what stands between them.
  for (const element of Object.keys(branch))
    text += `${element.length}:${element}${numberOf(branch[element])};`
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

/** Texts that are kept; with more it begins anew. */
const TEXT_LIMIT = 1_000
let texts = new WeakMap<object, string>()
const byText = new Map<string, PlainObject>()

/** The JSON of fields, made once for those that are shared: half of what an object is written with says who owns it. */
export function textOfFields(fields: object): string {
  const kept = texts.get(fields)
  if (kept !== undefined) return kept
  const text = stringifyJson(fields)
  if (!isShared(fields)) return text
  if (byText.size >= TEXT_LIMIT) {
    texts = new WeakMap()
    byText.clear()
  }
  texts.set(fields, text)
  byText.set(text, fields as PlainObject)
  return text
}

/** The shared fields whose JSON was given out as just this text. */
export const fieldsOfText = (text: string): PlainObject | undefined => byText.get(text)
