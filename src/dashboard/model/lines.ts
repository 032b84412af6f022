/** Lines out of pieces of bytes, which may begin and end anywhere, within a letter even. */

/** A line that grows beyond it is given in parts: nothing may fill the memory of a browser. */
const MAXIMUM_LINE = 1024 * 1024

export interface LineReader {
  /** The lines that are whole now. */
  push(bytes: Uint8Array): string[]
  /** What came behind the last end of a line; '' where nothing did. */
  rest(): string
}

export function createLineReader(maximum = MAXIMUM_LINE): LineReader {
  const decoder = new TextDecoder()
  let rest = ''
  return {
    push(bytes) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      while (rest.length > maximum) {
        parts.push(rest.slice(0, maximum))
        rest = rest.slice(maximum)
      }
      return parts
    },
    rest() {
      const last = rest + decoder.decode()
      rest = ''
      return last
    },
  }
}
