/** Keys that a YAML mapping has twice, told as the parser of upstream's clients tells them. */
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml'

interface Level {
  /** Undefined for sequences and documents. */
  readonly keys: Set<string> | undefined
  /** Whether a key comes next, not a value. */
  expectsKey: boolean
  /** The key whose value comes next, where it stood there before. */
  repeated: string | undefined
}

/** Several may be merged into one mapping. */
const MERGE = '<<'
/** More help nobody. */
const MAXIMUM_REPEATED = 100

/** For each repeated key the line of its value, which is what counts: `line 4: key "a" already set in map`. */
export function repeatedKeys(events: readonly Event[], text: string): string[] {
  const found: string[] = []
  const levels: Level[] = []
  for (const event of events) {
    if (found.length >= MAXIMUM_REPEATED) break
    if (event.type === EVENT_ID.POP) {
      levels.pop()
      continue
    }
    const level = levels.at(-1)
    if (level?.keys) {
      if (level.repeated !== undefined && !level.expectsKey)
        found.push(
          `line ${lineOf(event, text)}: key ${JSON.stringify(level.repeated)} already set in map`,
        )
      level.repeated = level.expectsKey ? repeatedKey(level.keys, event, text) : undefined
      level.expectsKey = !level.expectsKey
    }
    if (event.type === EVENT_ID.MAPPING)
      levels.push({ keys: new Set(), expectsKey: true, repeated: undefined })
    else if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.DOCUMENT)
      levels.push({ keys: undefined, expectsKey: false, repeated: undefined })
  }
  return found
}

/** The key, where it was there before; keys that are no scalars are refused elsewhere. */
function repeatedKey(keys: Set<string>, event: Event, text: string): string | undefined {
  if (event.type !== EVENT_ID.SCALAR) return undefined
  const key = getScalarValue(text, event)
  if (key === MERGE) return undefined
  if (keys.has(key)) return key
  keys.add(key)
  return undefined
}

function lineOf(event: Event, text: string): number {
  const at =
    event.type === EVENT_ID.SCALAR
      ? event.valueStart
      : 'start' in event
        ? event.start
        : 'anchorStart' in event
          ? event.anchorStart
          : 0
  let line = 1
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1))
    line++
  return line
}

/** The error that upstream's strict parser makes of them. */
export const repeatedKeysError = (lines: readonly string[]): string =>
  `yaml: unmarshal errors:\n  ${lines.join('\n  ')}`
