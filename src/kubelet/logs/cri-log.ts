/**
 * The CRI log format, one line a record: `2026-01-02T03:04:05.678901234Z stdout F text`. `P` marks
 * a record that goes on in the next one. Pure.
 */
export interface LogRecord {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly partial: boolean
  /** With its line end, unless it is partial. */
  readonly content: Uint8Array
}

const SPACE = 0x20
const NEWLINE = 0x0a
const PARTIAL = 0x50

/** Undefined for a line that is no record. `line` is without its line end. */
export function parseLogRecord(line: Uint8Array): LogRecord | undefined {
  const first = line.indexOf(SPACE)
  const second = line.indexOf(SPACE, first + 1)
  if (first < 0 || second < 0) return undefined
  const third = line.indexOf(SPACE, second + 1)
  const tagsEnd = third < 0 ? line.length : third
  const decoder = new TextDecoder()
  const stream = decoder.decode(line.subarray(first + 1, second))
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const time = decoder.decode(line.subarray(0, first))
  if (!/^\d{4}-\d\d-\d\dT/.test(time)) return undefined
  // Tags are separated by colons; the first one says whether the line goes on.
  const partial = line[second + 1] === PARTIAL
  const text = third < 0 ? new Uint8Array() : line.subarray(tagsEnd + 1)
  if (partial) return { time, stream, partial, content: text }
  const content = new Uint8Array(text.length + 1)
  content.set(text)
  content[text.length] = NEWLINE
  return { time, stream, partial, content }
}

/** Cuts a stream of bytes into lines; what has no line end yet is kept for the next piece. */
export class LineSplitter {
  #rest: Uint8Array = new Uint8Array()

  push(bytes: Uint8Array): Uint8Array[] {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    const lines: Uint8Array[] = []
    let from = 0
    for (;;) {
      const end = all.indexOf(NEWLINE, from)
      if (end < 0) break
      lines.push(all.subarray(from, end))
      from = end + 1
    }
    this.#rest = all.slice(from)
    return lines
  }
}
