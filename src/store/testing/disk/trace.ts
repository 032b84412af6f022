/** What a process did to the files below a directory, in the true order, as `disk.c` recorded it. */
export type Step =
  /** Files are numbered; one keeps its number under another name. */
  | { type: 'open'; file: number; name: string; isNew: boolean; isDirectory: boolean }
  | { type: 'write'; file: number; offset: number; bytes: Buffer }
  | { type: 'truncate'; file: number; length: number }
  /** An fsync began, and the one of that number ended well. */
  | { type: 'sync' | 'synced'; file: number; number: number }
  | { type: 'unlink'; name: string }
  | { type: 'rename' | 'link'; from: string; to: string }
  /** The process said something. */
  | { type: 'note'; text: string }

const HEADER_BYTES = 24

/** The steps of a trace; a last one that was cut off by a kill is left out. */
export function* readTrace(trace: Buffer): Generator<Step> {
  for (let at = 0; at + HEADER_BYTES <= trace.length; ) {
    const [type = 0, file = 0, length = 0, extra = 0] = [0, 4, 8, 12].map(field =>
      trace.readUInt32LE(at + field),
    )
    const offset = Number(trace.readBigUInt64LE(at + 16))
    const bytes = trace.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)
    if (bytes.length < length) return
    at += HEADER_BYTES + length
    yield stepOf(type, { file, extra, offset, bytes })
  }
}

function stepOf(
  type: number,
  { file, extra, offset, bytes }: { file: number; extra: number; offset: number; bytes: Buffer },
): Step {
  const [from = '', to = ''] = type === RENAME || type === LINK ? bytes.toString().split('\n') : []
  const flags = { isNew: (extra & 1) !== 0, isDirectory: (extra & 2) !== 0 }
  if (type === OPEN) return { type: 'open', file, name: bytes.toString(), ...flags }
  if (type === WRITE) return { type: 'write', file, offset, bytes }
  if (type === TRUNCATE) return { type: 'truncate', file, length: offset }
  if (type === SYNC) return { type: 'sync', file, number: extra }
  if (type === SYNCED) return { type: 'synced', file, number: extra }
  if (type === UNLINK) return { type: 'unlink', name: bytes.toString() }
  if (type === RENAME) return { type: 'rename', from, to }
  if (type === LINK) return { type: 'link', from, to }
  if (type === NOTE) return { type: 'note', text: bytes.toString() }
  throw new Error(`the trace holds a step of an unknown type ${type}`)
}

const [OPEN, WRITE, TRUNCATE, SYNC, SYNCED, UNLINK, RENAME, LINK, NOTE] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9,
]
