/**
 * NEL, LS and PS (U+0085, U+2028, U+2029), which YAML 1.1 takes for ends of lines, and with it upstream's parser. Ours, of YAML 1.2, takes
 * them for letters. In quotes, where the JSON of many programs has them, both give the same: as upstream, blanks beside them are gone, and
 * a NEL is folded. Elsewhere they stay letters: upstream mostly refuses such texts, since the next line lacks its indentation.
 */
import { EVENT_ID, parseEvents, SCALAR_STYLE } from 'js-yaml'

const BREAK = /[\u0085\u2028\u2029]/
const BREAKS = /[\u0085\u2028\u2029]+/g
const QUOTED = new Set<number>([SCALAR_STYLE.SINGLE_QUOTED, SCALAR_STYLE.DOUBLE_QUOTED])
const NEL = '\u0085'

/** `maxDepth` is the parser's. A text that cannot be parsed comes back as it is. */
export function foldBreaksInQuotes(text: string, maxDepth: number): string {
  if (!BREAK.test(text)) return text
  let folded = ''
  let done = 0
  for (const event of eventsOf(text, maxDepth)) {
    if (event.type !== EVENT_ID.SCALAR || event.valueStart < done) continue
    if (!QUOTED.has(event.style)) continue
    const value = text.slice(event.valueStart, event.valueEnd)
    folded += text.slice(done, event.valueStart) + foldedValue(value)
    done = event.valueEnd
  }
  return folded + text.slice(done)
}

/** Several in a row stay as they are, but for the blanks. */
function foldedValue(value: string): string {
  let folded = ''
  let from = 0
  for (const { index, 0: run } of value.matchAll(BREAKS)) {
    let end = index
    while (end > from && isBlank(value[end - 1])) end--
    folded += value.slice(from, end) + (run === NEL ? ' ' : run)
    from = index + run.length
    while (isBlank(value[from])) from++
  }
  return folded + value.slice(from)
}

const isBlank = (letter: string | undefined) => letter === ' ' || letter === '\t'

/** None of a text with a mistake, which whoever parses it is told. */
function eventsOf(text: string, maxDepth: number) {
  try {
    return parseEvents(text, { maxDepth })
  } catch {
    return []
  }
}
