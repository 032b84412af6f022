/** Takes what a program writes to a terminal apart: letters, controls, and sequences that begin with an escape, in pieces of any size. */

export interface EscapeSink {
  print(letter: string): void
  /** Of a line feed, a backspace and the like: its code. */
  control(code: number): void
  escape(intermediate: string, final: string): void
  /** `ESC [ prefix parameters final`. */
  sequence(prefix: string, parameters: readonly number[], final: string): void
}

type State = 'ground' | 'escape' | 'sequence' | 'text'

const ESCAPE = 0x1b
const MAXIMUM_SEQUENCE = 256

export class EscapeReader {
  readonly #sink: EscapeSink
  #state: State = 'ground'
  #seen = ''

  constructor(sink: EscapeSink) {
    this.#sink = sink
  }

  read(text: string): void {
    for (const letter of text) this.#take(letter, letter.codePointAt(0) ?? 0)
  }

  #take(letter: string, code: number) {
    if (this.#state === 'text') return this.#inText(code)
    if (code === ESCAPE) return this.#enter('escape')
    // Within a sequence, too, controls mean what they mean.
    if (code < 0x20) return this.#sink.control(code)
    if (code === 0x7f) return
    if (this.#state === 'ground') return this.#sink.print(letter)
    if (this.#state === 'escape') return this.#inEscape(letter, code)
    this.#inSequence(letter, code)
  }

  #enter(state: State): void {
    this.#state = state
    this.#seen = ''
  }

  #inEscape(letter: string, code: number) {
    if (this.#seen === '' && letter === '[') return this.#enter('sequence')
    // Titles and the like: texts that nobody sees here.
    if (this.#seen === '' && ']PX^_'.includes(letter)) return this.#enter('text')
    if (code < 0x30 && this.#seen.length < MAXIMUM_SEQUENCE) {
      this.#seen += letter
      return
    }
    const intermediate = this.#seen
    this.#enter('ground')
    this.#sink.escape(intermediate, letter)
  }

  #inSequence(letter: string, code: number): void {
    if (code < 0x40) {
      if (this.#seen.length < MAXIMUM_SEQUENCE) this.#seen += letter
      return
    }
    const [, prefix = '', numbers = '', intermediate = ''] =
      /^([<-?]*)([\d;:]*)([ -/]*)$/.exec(this.#seen) ?? []
    this.#enter('ground')
    if (intermediate !== '' || code > 0x7e) return
    this.#sink.sequence(prefix, numbers.split(/[;:]/).map(Number), letter)
  }

  /** Ends with a bell, or with an escape, whose backslash is an escape of its own. */
  #inText(code: number): void {
    if (code === 7) this.#enter('ground')
    else if (code === ESCAPE) this.#enter('escape')
  }
}
