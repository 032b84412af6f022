/** Where the last lines of a log begin, and their text, read from the end so that a long log costs little. */
import type { Files, OpenFile } from '../host-access.ts'
import { LineSplitter, parseLogRecord } from './cri-log.ts'

const BLOCK_BYTES = 64 * 1024
const NEWLINE = 0x0a

/** The offset of the first of the last `lines` lines. */
export async function offsetOfLastLines(file: OpenFile, lines: number): Promise<number> {
  const size = await file.size()
  if (lines <= 0) return size
  let found = 0
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES)
    const block = await file.read(start, end - start)
    for (let index = block.length - 1; index >= 0; index--) {
      // The end of the last line is not the beginning of another.
      if (block[index] !== NEWLINE || start + index === size - 1) continue
      if (++found === lines) return start + index + 1
    }
    end = start
  }
  return 0
}

/** The last lines as plain text, at most `limitBytes` of them; empty where there is no log. */
export async function tailOfLog(
  files: Files,
  path: string,
  lines: number,
  limitBytes: number,
): Promise<string> {
  const file = path ? await files.open(path) : undefined
  if (!file) return ''
  try {
    const from = await offsetOfLastLines(file, lines)
    const size = await file.size()
    const start = Math.max(from, size - 2 * limitBytes - BLOCK_BYTES)
    const raw = await file.read(start, size - start)
    const text = new LineSplitter()
      .push(raw)
      .map(line => parseLogRecord(line)?.content)
      .filter(content => content !== undefined)
    const bytes = Buffer.concat(text)
    return bytes.subarray(Math.max(0, bytes.length - limitBytes)).toString()
  } finally {
    await file.close()
  }
}
