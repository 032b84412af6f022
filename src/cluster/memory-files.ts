/** Files that are gone with the process: for clusters that keep nothing on disk. */
import { dirname, join, normalize, sep } from 'node:path'
import type { Files } from '#host/files.ts'

/** The files of a directory; in memory they may be one of their own. */
export interface FilesAt {
  readonly directory: string
  readonly files: Files
}

/** Begins with those of a directory, under the same names. */
export function copyInMemory({ directory, files }: FilesAt): FilesAt {
  const copy = memoryFiles()
  for (const name of files.list(directory)) {
    const path = join(directory, name)
    copy.writeNew(path, files.read(path) ?? '', 0)
  }
  return { directory, files: copy }
}

/** Whoever asks may write paths as other systems do: they are compared as this one writes them. */
export function memoryFiles(): Files {
  const contents = new Map<string, Buffer>()
  const links = new Map<string, string>()
  const write = (path: string, content: string | Uint8Array) => {
    contents.set(normalize(path), Buffer.from(content as Uint8Array))
  }
  const exists = (path: string) => contents.has(normalize(path))
  /** The names of a file, or of all that lies in a directory. */
  const namesAt = (path: string) =>
    [...contents.keys()].filter(name => name === path || name.startsWith(path + sep))
  return {
    exists,
    read: path => contents.get(links.get(normalize(path)) ?? normalize(path)),
    writeAtomically: write,
    writeNew: write,
    writeOnce(path, content) {
      if (exists(path)) return false
      write(path, content)
      return true
    },
    makeDirectory() {},
    list(path) {
      const directory = normalize(path)
      return [...contents.keys()]
        .filter(name => dirname(name) === directory)
        .map(name => name.slice(directory.length + 1))
    },
    rename(from, to) {
      const before = normalize(from)
      for (const name of namesAt(before)) {
        const content = contents.get(name) as Buffer
        contents.delete(name)
        contents.set(normalize(to) + name.slice(before.length), content)
      }
    },
    point(path, target) {
      links.set(normalize(path), join(dirname(normalize(path)), target))
    },
    remove(path) {
      for (const name of namesAt(normalize(path))) contents.delete(name)
    },
  }
}
