/** The last lines of a log: a browser that follows one for a week needs no more memory than after an hour. */

/** Some 20 MB of ordinary lines. */
export const MAXIMUM_KEPT_LINES = 20_000
/** Longer lines are cut: a page that draws a megabyte in one line stands still. */
const MAXIMUM_LINE_LENGTH = 8_192
/** Colours and moves of the cursor, which mean nothing in a list of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be drawn.
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g

export class KeptLines {
  readonly #limit: number
  #lines: string[] = []
  #dropped = 0
  /** Of the last ones, how many nobody has drawn; undefined where all have to be drawn anew. */
  #undrawn: number | undefined = 0

  constructor(limit = MAXIMUM_KEPT_LINES) {
    this.#limit = limit
  }

  add(lines: readonly string[]): void {
    for (const line of lines) this.#lines.push(shownLine(line))
    if (this.#undrawn !== undefined) this.#undrawn += lines.length
    // Not with each line: moving all of them costs as much as drawing one.
    if (this.#lines.length > this.#limit * 1.1) this.#cut()
  }

  #cut(): void {
    const over = this.#lines.length - this.#limit
    this.#lines = this.#lines.slice(over)
    this.#dropped += over
    this.#undrawn = undefined
  }

  /** What came since it was last asked, undefined where earlier ones went meanwhile. A page that nobody looks at does not draw, and must not keep more for that. */
  takeUndrawn(): readonly string[] | undefined {
    const count = this.#undrawn
    this.#undrawn = 0
    return count === undefined ? undefined : this.#lines.slice(this.#lines.length - count)
  }

  clear(): void {
    this.#lines = []
    this.#dropped = 0
    this.#undrawn = undefined
  }

  /** How many lines were before those that are kept. */
  get dropped(): number {
    return this.#dropped
  }

  get all(): readonly string[] {
    return this.#lines
  }

  /** Those that contain the text, whatever its case. */
  matching(text: string): readonly string[] {
    if (!text) return this.#lines
    const wanted = text.toLowerCase()
    return this.#lines.filter(line => line.toLowerCase().includes(wanted))
  }
}

/** A line as it can be drawn: without escape sequences, and not longer than anybody reads. */
export function shownLine(line: string): string {
  const plain = line.replace(/\r$/, '').replace(ESCAPES, '').replace(CONTROLS, '�')
  if (plain.length <= MAXIMUM_LINE_LENGTH) return plain
  return `${plain.slice(0, MAXIMUM_LINE_LENGTH)}… (${plain.length - MAXIMUM_LINE_LENGTH} more characters)`
}
