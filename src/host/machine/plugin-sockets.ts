/** Sockets below a directory, where plugins of the node make themselves known, and word of what changes there. */
import { type FSWatcher, watch } from 'node:fs'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const DIRECTORY_MODE = 0o750
/** Directories below each other that are looked into; plugins use one at most. */
const DEPTH_LIMIT = 3

export interface Socket {
  readonly path: string
  readonly identity: string
}

export const pluginSockets = {
  async prepare(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  },

  async list(directory: string): Promise<readonly Socket[]> {
    const found: Socket[] = []
    await collect(directory, found, 0)
    return found.sort((a, b) => (a.path < b.path ? -1 : 1))
  },

  watch(directory: string, changed: () => void): () => void {
    const watch = new DirectoryWatch(directory, changed)
    return () => watch.close()
  },
}

/** Node's own recursive watch follows sockets, too, and fails where one goes: this has one watch for each directory. */
class DirectoryWatch {
  readonly #directory: string
  readonly #changed: () => void
  readonly #watchers = new Map<string, FSWatcher>()
  #isClosed = false

  constructor(directory: string, changed: () => void) {
    this.#directory = directory
    this.#changed = changed
    void this.#refresh()
  }

  close(): void {
    this.#isClosed = true
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  async #refresh(): Promise<void> {
    const directories = [this.#directory]
    // What can't be read is looked at again with the next look of whoever asked.
    await directoriesBelow(this.#directory, directories, 0).catch(() => {})
    if (this.#isClosed) return
    let isNew = false
    for (const directory of directories)
      if (!this.#watchers.has(directory)) {
        this.#watch(directory)
        isNew = true
      }
    // Something may have come into a directory before it was watched.
    if (isNew) this.#changed()
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => {
        this.#changed()
        void this.#refresh()
      })
      const end = () => {
        watcher.close()
        if (this.#watchers.get(directory) === watcher) this.#watchers.delete(directory)
      }
      watcher.on('error', end)
      watcher.on('close', end)
      this.#watchers.set(directory, watcher)
    } catch {
      // It went, or the system has no watches left.
    }
  }
}

async function directoriesBelow(directory: string, found: string[], depth: number): Promise<void> {
  if (depth >= DEPTH_LIMIT) return
  const entries = await orNone(() => readdir(directory, { withFileTypes: true }), [])
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue
    const path = join(directory, entry.name)
    found.push(path)
    await directoriesBelow(path, found, depth + 1)
  }
}

async function collect(directory: string, found: Socket[], depth: number): Promise<void> {
  for (const name of await orNone(() => readdir(directory), [])) {
    if (name.startsWith('.')) continue
    const path = join(directory, name)
    const facts = await orNone(() => lstat(path, { bigint: true }), undefined)
    if (facts?.isDirectory() && depth < DEPTH_LIMIT) await collect(path, found, depth + 1)
    if (!facts?.isSocket()) continue
    // Inodes are given out anew: the time of birth tells a socket from its predecessor.
    found.push({ path, identity: `${facts.dev}:${facts.ino}:${facts.birthtimeNs}` })
  }
}

/** What went away between two looks is not there. */
async function orNone<T>(work: () => Promise<T>, none: T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return none
    throw error
  }
}
