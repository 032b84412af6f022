/**
 * Reads one container run's log as `kubectl logs` wants it: from where, how much, with times, and
 * on and on if asked.
 */
import { type Clock, sleep } from '#base/clock.ts'
import type { Files, OpenFile } from '../host-access.ts'
import { LineSplitter, type LogRecord, parseLogRecord } from './cri-log.ts'
import { offsetOfLastLines } from './tail.ts'

export interface LogOptions {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  /** Only what was written at or after this time, in milliseconds. */
  readonly sinceMs: number | undefined
  readonly limitBytes: number | undefined
  /** Only this stream; both where undefined. */
  readonly stream: 'stdout' | 'stderr' | undefined
}

export interface LogSource {
  readonly files: Files
  readonly path: string
  readonly clock: Clock
  /** False once the container has ended and will write no more. */
  readonly isRunning: () => boolean
}

const READ_BYTES = 64 * 1024
/**
 * How often a followed log is looked at for more: upstream waits for the file system's notice at
 * most a second.
 */
const FOLLOW_MS = 100

/** Calls `emit` with every piece; ends at the end of the log, or of the container when it follows. */
export async function readLog(
  source: LogSource,
  options: LogOptions,
  emit: (bytes: Uint8Array) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let file = await source.files.open(source.path)
  const writer = new Writer(options, emit)
  try {
    let offset =
      file && options.tailLines !== undefined ? await offsetOfLastLines(file, options.tailLines) : 0
    const splitter = new LineSplitter()
    for (;;) {
      const wasRunning = source.isRunning()
      if (file) offset = await drain(file, offset, splitter, writer, signal)
      if (writer.full || signal.aborted || !options.follow) return
      const next = await replaced(source, file)
      if (next) {
        // Rotated: what was still written to the old file comes first.
        if (file) await drain(file, offset, splitter, writer, signal)
        await file?.close()
        file = next
        offset = 0
        continue
      }
      if (!wasRunning) return
      await sleep(source.clock, FOLLOW_MS, signal).catch(() => {})
    }
  } finally {
    await file?.close()
  }
}

async function drain(
  file: OpenFile,
  from: number,
  splitter: LineSplitter,
  writer: Writer,
  signal: AbortSignal,
): Promise<number> {
  let offset = from
  while (!writer.full && !signal.aborted) {
    const bytes = await file.read(offset, READ_BYTES)
    if (bytes.length === 0) break
    offset += bytes.length
    for (const line of splitter.push(bytes)) await writer.take(parseLogRecord(line))
    await writer.flush()
  }
  return offset
}

/** The file that now has the log's name, where it is another one. */
async function replaced(
  source: LogSource,
  file: OpenFile | undefined,
): Promise<OpenFile | undefined> {
  const now = await source.files.open(source.path)
  if (!now) return undefined
  if (now.identity !== file?.identity) return now
  await now.close()
  return undefined
}

class Writer {
  full = false
  readonly #options: LogOptions
  readonly #emit: (bytes: Uint8Array) => void | Promise<void>
  #left: number
  #inside = { stdout: false, stderr: false }
  #pieces: Uint8Array[] = []

  constructor(options: LogOptions, emit: (bytes: Uint8Array) => void | Promise<void>) {
    this.#options = options
    this.#emit = emit
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  take(record: LogRecord | undefined): void {
    const { stream, sinceMs, timestamps } = this.#options
    if (!record || this.full || (stream && record.stream !== stream)) return
    if (sinceMs !== undefined && Date.parse(record.time) < sinceMs) return
    // A record that goes on after a partial one is the same line: its time was told already.
    if (timestamps && !this.#inside[record.stream])
      this.#push(new TextEncoder().encode(`${record.time} `))
    this.#inside[record.stream] = record.partial
    this.#push(record.content)
  }

  #push(bytes: Uint8Array): void {
    const piece = bytes.subarray(0, this.#left)
    this.#left -= piece.length
    if (piece.length > 0) this.#pieces.push(piece)
    if (this.#left <= 0) this.full = true
  }

  async flush(): Promise<void> {
    if (this.#pieces.length === 0) return
    const bytes =
      this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces)
    this.#pieces = []
    await this.#emit(bytes)
  }
}
