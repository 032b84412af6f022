/**
 * The screen of a terminal: bytes of a program in, rows of cells out. Knows what shells, editors and pagers use of a VT100 and its
 * descendants: moves, erasing, insertion, scrolling regions, the other screen, colours, titles (which are dropped). What it does not
 * know is passed over. Nothing that a program writes makes anything but text.
 */
import { EscapeReader } from './screen-escapes.ts'
import { graphicOf, plainStyle, type Style } from './screen-style.ts'

export interface Cell {
  readonly letter: string
  readonly style: Style
}

export type Line = (Cell | undefined)[]

/** Lines above the screen that can be scrolled to. */
const MAXIMUM_HISTORY = 5_000

/** A letter with all marks that anybody writes; a program that adds one after the other would fill the memory with one cell. */
const MAXIMUM_LETTER = 16

export class Screen {
  columns: number
  rows: number
  /** What went out at the top, oldest first. */
  readonly history: Line[] = []
  #lines: Line[]
  #other: { lines: Line[]; x: number; y: number } | undefined
  x = 0
  y = 0
  isCursorShown = true
  /** Arrow keys are sent as programs with a screen of their own want them. */
  hasApplicationKeys = false
  hasBracketedPaste = false
  #style: Style = plainStyle
  #saved = { x: 0, y: 0, style: plainStyle }
  #top = 0
  #bottom: number
  /** The next letter begins a new line: one in the last column does not by itself. */
  #wraps = false
  readonly #reader: EscapeReader
  readonly #answer: (text: string) => void

  /** `answer` is what the terminal says by itself, e.g. where its cursor is. */
  constructor(columns: number, rows: number, answer: (text: string) => void = () => {}) {
    this.columns = columns
    this.rows = rows
    this.#bottom = rows - 1
    this.#lines = Array.from({ length: rows }, () => [])
    this.#answer = answer
    this.#reader = new EscapeReader({
      print: letter => this.#print(letter),
      control: code => this.#control(code),
      escape: (intermediate, final) => this.#escape(intermediate, final),
      sequence: (prefix, parameters, final) => this.#sequence(prefix, parameters, final),
    })
  }

  get lines(): readonly Line[] {
    return this.#lines
  }

  get isOther(): boolean {
    return this.#other !== undefined
  }

  write(text: string): void {
    this.#reader.read(text)
  }

  /** Lines that do not fit any more go above; programs draw anew when they hear of it. */
  resize(columns: number, rows: number): void {
    while (this.#lines.length > rows) {
      const isBelowEmpty = this.y < this.#lines.length - 1
      if (isBelowEmpty) this.#lines.pop()
      else {
        this.#remember(this.#lines.shift())
        this.y = Math.max(0, this.y - 1)
      }
    }
    while (this.#lines.length < rows) this.#lines.push([])
    this.columns = columns
    this.rows = rows
    this.#top = 0
    this.#bottom = rows - 1
    this.x = Math.min(this.x, columns - 1)
    this.y = Math.min(this.y, rows - 1)
    this.#wraps = false
  }

  #print(letter: string): void {
    if (this.#wraps) {
      this.x = 0
      this.#lineFeed()
      this.#wraps = false
    }
    const line = this.#lines[this.y]
    if (!line) return
    // Combining marks belong to the letter before.
    if (/^\p{M}$/u.test(letter) && this.x > 0) {
      const before = line[this.x - 1]
      if (before && before.letter.length < MAXIMUM_LETTER)
        line[this.x - 1] = { ...before, letter: before.letter + letter }
      return
    }
    line[this.x] = { letter, style: this.#style }
    if (this.x === this.columns - 1) this.#wraps = true
    else this.x++
  }

  #control(code: number): void {
    this.#wraps = false
    if (code === 8) this.x = Math.max(0, this.x - 1)
    else if (code === 9) this.x = Math.min(this.columns - 1, (Math.floor(this.x / 8) + 1) * 8)
    else if (code === 13) this.x = 0
    else if (code >= 10 && code <= 12) this.#lineFeed()
  }

  #escape(intermediate: string, final: string): void {
    if (intermediate !== '') return
    if (final === '7') this.#save()
    else if (final === '8') this.#restore()
    else if (final === 'D') this.#lineFeed()
    else if (final === 'E') {
      this.x = 0
      this.#lineFeed()
    } else if (final === 'M') this.#reverseFeed()
    else if (final === 'c') this.#reset()
  }

  #sequence(prefix: string, parameters: readonly number[], final: string) {
    const first = parameters[0] ?? 0
    const count = Math.min(Math.max(1, first), 1000)
    if (prefix === '?') {
      if (final === 'h' || final === 'l')
        for (const mode of parameters) this.#mode(mode, final === 'h')
      return
    }
    if (prefix !== '') return
    if (final === 'm') {
      this.#style = graphicOf(this.#style, parameters)
      return
    }
    this.#wraps = false
    switch (final) {
      case 'A':
        return this.#moveTo(this.x, this.y - count)
      case 'B':
      case 'e':
        return this.#moveTo(this.x, this.y + count)
      case 'C':
      case 'a':
        return this.#moveTo(this.x + count, this.y)
      case 'D':
        return this.#moveTo(this.x - count, this.y)
      case 'E':
        return this.#moveTo(0, this.y + count)
      case 'F':
        return this.#moveTo(0, this.y - count)
      case 'G':
      case '`':
        return this.#moveTo(count - 1, this.y)
      case 'H':
      case 'f':
        return this.#moveTo((parameters[1] || 1) - 1, (first || 1) - 1)
      case 'd':
        return this.#moveTo(this.x, count - 1)
      case 'J':
        return this.#eraseScreen(first)
      case 'K':
        return this.#eraseLine(first)
      case 'L':
        return this.#shiftLines(this.y, count, 'down')
      case 'M':
        return this.#shiftLines(this.y, count, 'up')
      case 'S':
        return this.#shiftLines(this.#top, count, 'up')
      case 'T':
        return this.#shiftLines(this.#top, count, 'down')
      case '@':
        return this.#insertCells(count)
      case 'P':
        return void this.#lines[this.y]?.splice(this.x, count)
      case 'X':
        return this.#blank(this.y, this.x, this.x + count)
      case 'r':
        this.#top = Math.min(Math.max(0, (first || 1) - 1), this.rows - 1)
        this.#bottom = Math.min((parameters[1] || this.rows) - 1, this.rows - 1)
        if (this.#bottom <= this.#top) [this.#top, this.#bottom] = [0, this.rows - 1]
        return this.#moveTo(0, 0)
      case 's':
        return this.#save()
      case 'u':
        return this.#restore()
      case 'n':
        if (first === 6) this.#answer(`\x1b[${this.y + 1};${this.x + 1}R`)
        if (first === 5) this.#answer('\x1b[0n')
        return
      case 'c':
        return this.#answer('\x1b[?1;2c')
    }
  }

  #mode(mode: number, isOn: boolean): void {
    if (mode === 1) this.hasApplicationKeys = isOn
    else if (mode === 25) this.isCursorShown = isOn
    else if (mode === 2004) this.hasBracketedPaste = isOn
    else if (mode === 47 || mode === 1047 || mode === 1049) this.#switchScreen(isOn)
  }

  #switchScreen(isOther: boolean): void {
    if (isOther === (this.#other !== undefined)) return
    if (isOther) {
      this.#other = { lines: this.#lines, x: this.x, y: this.y }
      this.#lines = Array.from({ length: this.rows }, () => [])
    } else if (this.#other) {
      const { lines, x, y } = this.#other
      this.#other = undefined
      this.#lines = Array.from({ length: this.rows }, (_, at) => lines[at] ?? [])
      this.#moveTo(x, y)
    }
    this.#top = 0
    this.#bottom = this.rows - 1
  }

  #moveTo(x: number, y: number): void {
    this.x = Math.min(Math.max(0, x), this.columns - 1)
    this.y = Math.min(Math.max(0, y), this.rows - 1)
  }

  #lineFeed(): void {
    if (this.y === this.#bottom) this.#shiftLines(this.#top, 1, 'up')
    else if (this.y < this.rows - 1) this.y++
  }

  #reverseFeed(): void {
    if (this.y === this.#top) this.#shiftLines(this.#top, 1, 'down')
    else if (this.y > 0) this.y--
  }

  /** Within the scrolling region, from line `from` on. */
  #shiftLines(from: number, count: number, way: 'up' | 'down'): void {
    if (from < this.#top || from > this.#bottom) return
    for (let done = 0; done < Math.min(count, this.rows); done++) {
      if (way === 'up') {
        const [gone] = this.#lines.splice(from, 1)
        this.#lines.splice(this.#bottom, 0, [])
        if (from === 0) this.#remember(gone)
      } else {
        this.#lines.splice(this.#bottom, 1)
        this.#lines.splice(from, 0, [])
      }
    }
  }

  #remember(line: Line | undefined): void {
    if (!line || this.#other) return
    this.history.push(line)
    if (this.history.length > MAXIMUM_HISTORY) this.history.shift()
  }

  #eraseScreen(what: number): void {
    if (what === 3) this.history.length = 0
    if (what === 0) this.#eraseLine(0)
    if (what === 1) this.#eraseLine(1)
    for (let y = 0; y < this.rows; y++)
      if (what >= 2 || (what === 0 && y > this.y) || (what === 1 && y < this.y)) this.#lines[y] = []
  }

  #eraseLine(what: number): void {
    if (what === 0) this.#lines[this.y]?.splice(this.x)
    else if (what === 1) this.#blank(this.y, 0, this.x + 1)
    else this.#lines[this.y] = []
  }

  #blank(y: number, from: number, to: number): void {
    const line = this.#lines[y]
    if (line) for (let x = from; x < Math.min(to, this.columns); x++) line[x] = undefined
  }

  #insertCells(count: number): void {
    const line = this.#lines[this.y]
    if (!line) return
    while (line.length < this.x) line.push(undefined)
    const blanks = Array.from({ length: Math.min(count, this.columns) }, () => undefined)
    line.splice(this.x, 0, ...blanks)
    line.length = Math.min(line.length, this.columns)
  }

  #save(): void {
    this.#saved = { x: this.x, y: this.y, style: this.#style }
  }

  #restore(): void {
    this.#style = this.#saved.style
    this.#moveTo(this.#saved.x, this.#saved.y)
  }

  #reset(): void {
    this.#style = plainStyle
    this.#other = undefined
    this.#lines = Array.from({ length: this.rows }, () => [])
    this.#top = 0
    this.#bottom = this.rows - 1
    this.isCursorShown = true
    this.hasApplicationKeys = false
    this.hasBracketedPaste = false
    this.#moveTo(0, 0)
  }
}
