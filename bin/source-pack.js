// Sources without their types, in one file: a start would otherwise open three files for each of some six hundred modules, namely its source, what
// Node kept of that without types, and its compiled code. An entry counts for as long as its source is as it was when it was read.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** Length of what tells where each source is, and the checksum of it all. */
const HEADER_BYTES = 8

/**
 * The pack is kept in `directory`, for the checkout at `root` and this version of Node. `sourceOf` gives a source by its path, without types; what was
 * read anew is in the file after `save`. A file that cannot be read, written or trusted is as if there were none.
 */
export function sourcePack(directory, root) {
  const name = createHash('sha256').update(`${process.version} ${root}`).digest('hex').slice(0, 16)
  const file = join(directory, `sources-${name}`)
  const packed = readPack(file)
  const added = new Map()
  return {
    sourceOf(path) {
      // The time of change of the inode, which nobody can set back, unlike that of the content.
      const { ctimeMs, size } = statSync(path)
      const known = packed.get(path)
      if (known?.ctimeMs === ctimeMs && known.size === size) return known.text()
      const text = withoutTypes(readFileSync(path, 'utf8'))
      added.set(path, { ctimeMs, size, text: () => text })
      return text
    },
    save() {
      if (added.size > 0) writePack(directory, file, new Map([...packed, ...added]))
    },
  }
}

/** As Node does it by itself: places stay where they are, so that stack traces lead to the source. */
function withoutTypes(source) {
  const { emitWarning } = process
  // That the function is experimental is nothing that whoever starts a cluster could mend.
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

function readPack(file) {
  const entries = new Map()
  try {
    const bytes = readFileSync(file)
    const start = HEADER_BYTES + bytes.readUInt32LE(0)
    if (crc32(bytes.subarray(HEADER_BYTES)) !== bytes.readUInt32LE(4)) return entries
    for (const [path, ctimeMs, size, from, to] of JSON.parse(
      bytes.toString('utf8', HEADER_BYTES, start),
    ))
      entries.set(path, {
        ctimeMs,
        size,
        text: () => bytes.toString('utf8', start + from, start + to),
      })
  } catch {
    entries.clear()
  }
  return entries
}

function writePack(directory, file, entries) {
  const places = []
  const texts = []
  let at = 0
  for (const [path, { ctimeMs, size, text }] of entries) {
    if (!existsSync(path)) continue
    const bytes = Buffer.from(text())
    places.push([path, ctimeMs, size, at, at + bytes.length])
    texts.push(bytes)
    at += bytes.length
  }
  const index = Buffer.from(JSON.stringify(places))
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(index.length)
  const content = Buffer.concat([header, index, ...texts])
  content.writeUInt32LE(crc32(content.subarray(HEADER_BYTES)), 4)
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(temporary, content, { mode: 0o600 })
    renameSync(temporary, file)
  } catch {
    // The next start does without it.
  }
}
