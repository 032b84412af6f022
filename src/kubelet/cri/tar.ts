/** Writes tar archives (POSIX ustar) in memory: enough for an image's layer and for the archive around it. */
export interface TarEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly mode: number
  readonly bytes?: Uint8Array
  /** Of a symlink. */
  readonly target?: string
}

const blockBytes = 512
const typeFlags = { file: '0', symlink: '2', directory: '5' } as const
/** ustar's name field; longer paths would need its prefix field, which nobody here does. */
const maxPathBytes = 100

/** The same entries always give the same bytes: no owner but root, no time but the epoch. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = []
  for (const entry of entries) {
    const bytes = Buffer.from(entry.bytes ?? [])
    parts.push(header(entry, bytes.length), bytes, Buffer.alloc(padding(bytes.length)))
  }
  // Two empty blocks end an archive.
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}

function padding(length: number): number {
  return (blockBytes - (length % blockBytes)) % blockBytes
}

function header(entry: TarEntry, length: number): Buffer {
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.target ?? ''
  if (Buffer.byteLength(path) > maxPathBytes || Buffer.byteLength(target) > maxPathBytes)
    throw new Error(`${path} is too long for a tar header`)
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, offset: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset)
  block.write(path, 0)
  octal(entry.mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(length, 124, 12)
  octal(0, 136, 12)
  block.fill(' ', 148, 156)
  block.write(typeFlags[entry.kind], 156)
  block.write(target, 157)
  block.write('ustar\0', 257)
  block.write('00', 263)
  block.write('root', 265)
  block.write('root', 297)
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
