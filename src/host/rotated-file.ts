/**
 * A file to which whole lines are added, and which gives way to a new one when it is large: `audit.log` becomes
 * `audit-2026-01-02T03-04-05.006.log`, as lumberjack names it, perhaps compressed, and the oldest go. Nothing here is synchronous, so a slow
 * disk holds nobody up but who waits for it; what comes while it writes is written together.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from './files.ts'

export interface RotationOptions {
  /** 0 never rotates. */
  readonly maximumBytes: number
  /** Of old files, by the time in their names; 0 keeps them. */
  readonly maximumAgeDays: number
  /** Of old files; 0 keeps them all. */
  readonly maximumBackups: number
  readonly compress: boolean
}

interface Waiting {
  readonly pieces: readonly Uint8Array[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const LINE_END = 0x0a
/** What is written with one call at most, unless one line is larger. */
const GROUP_BYTES = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

export class RotatedFile {
  readonly #path: string
  readonly #options: RotationOptions
  readonly #clock: Pick<Clock, 'now'>
  readonly #trouble: (message: string) => void
  #handle: FileHandle
  #size: number
  /** The last line has no end: the next begins with one. */
  #isTorn: boolean
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #tidying: Promise<void> = Promise.resolve()

  private constructor(
    path: string,
    options: RotationOptions,
    { clock, trouble }: RotatedFileSurroundings,
    opened: { readonly handle: FileHandle; readonly size: number; readonly isTorn: boolean },
  ) {
    this.#path = path
    this.#options = options
    this.#clock = clock
    this.#trouble = trouble
    this.#handle = opened.handle
    this.#size = opened.size
    this.#isTorn = opened.isTorn
  }

  /** Makes the file, readable to its owner alone, and its directory where they are missing. Throws a UserError. */
  static async open(
    path: string,
    options: RotationOptions,
    surroundings: RotatedFileSurroundings,
  ): Promise<RotatedFile> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY })
      const file = new RotatedFile(path, options, surroundings, await openAtEnd(path))
      file.#tidyUp()
      return file
    } catch (error) {
      throw new UserError(`ensureLogFile: ${messageOf(error)}`)
    }
  }

  /** Whole lines; resolves once the kernel has them. */
  write(pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pieces, bytes, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Waits for what is being written, and for old files that are being compressed. */
  async close(): Promise<void> {
    await this.#writing
    await this.#tidying
    await this.#handle.close()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      const bytes = group.reduce((sum, each) => sum + each.bytes, 0)
      try {
        await this.#makeRoom(bytes)
        await this.#append(group.flatMap(each => each.pieces))
        for (const each of group) each.resolve()
      } catch (error) {
        for (const each of group) each.reject(error as Error)
      }
    }
    this.#writing = undefined
  }

  /** As many as fit into one call, and into the file. */
  #nextGroup(): Waiting[] {
    const { maximumBytes } = this.#options
    const room = maximumBytes > 0 ? maximumBytes - this.#size : Number.POSITIVE_INFINITY
    let bytes = 0
    let count = 0
    for (const each of this.#waiting) {
      bytes += each.bytes
      if (count > 0 && (bytes > GROUP_BYTES || bytes > room)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    const start = this.#isTorn ? [Uint8Array.of(LINE_END)] : []
    const bytes = Buffer.concat([...start, ...pieces])
    let written = 0
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, written)
        written += bytesWritten
      }
    } catch (error) {
      await this.#takeBack(written)
      throw error
    }
    this.#isTorn = false
    this.#size += bytes.length
  }

  /** Half a line is nobody's: a disk that is full took a part of it. */
  async #takeBack(written: number): Promise<void> {
    if (written === 0) return
    try {
      await this.#handle.truncate(this.#size)
    } catch {
      // No ordinary file, or one that others write to as well.
      this.#size += written
      this.#isTorn = true
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { maximumBytes } = this.#options
    if (maximumBytes === 0 || this.#size === 0 || this.#size + bytes <= maximumBytes) return
    await rename(this.#path, await this.#backupPath())
    const before = this.#handle
    const { handle, size, isTorn } = await openAtEnd(this.#path)
    this.#handle = handle
    this.#size = size
    this.#isTorn = isTorn
    await before.close()
    this.#tidyUp()
  }

  /** Two within a millisecond would be one. */
  async #backupPath(): Promise<string> {
    for (let ms = this.#clock.now(); ; ms++) {
      const path = join(dirname(this.#path), backupName(this.#path, ms))
      const isThere = await stat(path).then(
        () => true,
        () => false,
      )
      if (!isThere) return path
    }
  }

  /** Behind everything else, one time after the other. */
  #tidyUp(): void {
    this.#tidying = this.#tidying
      .then(() => this.#tidy())
      .catch(error => this.#trouble(`old files beside ${this.#path}: ${messageOf(error)}`))
  }

  async #tidy(): Promise<void> {
    const { maximumAgeDays, maximumBackups, compress } = this.#options
    if (maximumAgeDays === 0 && maximumBackups === 0 && !compress) return
    const directory = dirname(this.#path)
    const backups = (await readdir(directory))
      .flatMap(name => {
        const ms = backupTime(this.#path, name)
        return ms === undefined ? [] : [{ name, ms }]
      })
      .sort((one, other) => other.ms - one.ms)
    const oldestMs = maximumAgeDays > 0 ? this.#clock.now() - maximumAgeDays * DAY_MS : 0
    for (const [at, { name, ms }] of backups.entries()) {
      const path = join(directory, name)
      if ((maximumBackups > 0 && at >= maximumBackups) || ms < oldestMs) await rm(path)
      else if (compress && !name.endsWith(PACKED)) await pack(path)
    }
  }
}

export interface RotatedFileSurroundings {
  readonly clock: Pick<Clock, 'now'>
  /** Told what could not be tidied up. */
  readonly trouble: (message: string) => void
}

async function openAtEnd(path: string) {
  const handle = await open(path, 'a+', PRIVATE_FILE)
  try {
    const found = await handle.stat()
    const size = found.isFile() ? found.size : 0
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    // Whoever wrote it before may have been killed in the middle of a line.
    return { handle, size, isTorn: size > 0 && last[0] !== LINE_END }
  } catch (error) {
    await handle.close()
    throw error
  }
}

const PACKED = '.gz'

/** The whole of it is there under its name, or nothing. */
async function pack(path: string): Promise<void> {
  const target = `${path}${PACKED}`
  try {
    const to = createWriteStream(target, { mode: PRIVATE_FILE })
    await pipeline(createReadStream(path), createGzip(), to)
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
  await rm(path)
}

function backupName(path: string, ms: number): string {
  const extension = extname(path)
  const time = new Date(ms).toISOString().slice(0, -1).replaceAll(':', '-')
  return `${basename(path, extension)}-${time}${extension}`
}

/** Wall clock of an old file of this one; undefined for any other. */
function backupTime(path: string, name: string): number | undefined {
  const extension = extname(path)
  const prefix = `${basename(path, extension)}-`
  const plain = name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name
  if (!plain.startsWith(prefix) || !plain.endsWith(extension)) return undefined
  const text = plain.slice(prefix.length, plain.length - extension.length)
  if (!/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(text)) return undefined
  const ms = Date.parse(`${text.slice(0, 11)}${text.slice(11).replaceAll('-', ':')}Z`)
  return Number.isNaN(ms) ? undefined : ms
}
