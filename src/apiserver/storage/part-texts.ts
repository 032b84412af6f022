/**
 * JSON of parts of objects that do not change any more, for the writes that follow: who writes a status leaves the spec as it is, and V8
 * takes twice as long for what is frozen as for what is not.
 */
import { asGoJson, stringifyJson } from '#api/machinery/exact-json.ts'
import { deepFreeze } from '#base/freeze.ts'

/** Shorter ones are made as fast as they are found. */
const LEAST_LETTERS = 400
/** Longer ones are few, and seldom written again. */
const MOST_LETTERS = 100_000
/** Of those that came last, and as many before them: specs of some twenty thousand pods. */
const ALL_LETTERS = 16_000_000

let texts = new WeakMap<object, string>()
let earlier = new WeakMap<object, string>()
let letters = 0

/**
 * The JSON of a part as Go writes it. `source` is the part as the server has it, `shown` is what is written of it.
 * With `isKept` the text is kept for the next who writes the very same part, which is frozen for that.
 */
export function textOfPart(source: unknown, shown: unknown, isKept: boolean): string {
  const isObject = typeof source === 'object' && source !== null
  const known = isObject && Object.isFrozen(source) ? knownText(source) : undefined
  if (known !== undefined) return known
  const text = asGoJson(stringifyJson(shown))
  if (isKept && isObject && text.length >= LEAST_LETTERS && text.length <= MOST_LETTERS)
    keep(source, text)
  return text
}

function knownText(source: object): string | undefined {
  return texts.get(source) ?? earlier.get(source)
}

function keep(source: object, text: string): void {
  letters += text.length
  if (letters > ALL_LETTERS) {
    earlier = texts
    texts = new WeakMap()
    letters = text.length
  }
  // From here on nobody may change it; so no part that can still be changed is ever found here.
  texts.set(deepFreeze(source), text)
}
