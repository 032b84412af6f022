/** Files that are gone with the process: for clusters that keep nothing on disk. */
import { dirname, join } from 'node:path'
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

export function memoryFiles(): Files {
  const contents = new Map<string, Buffer>()
  const links = new Map<string, string>()
  const write = (path: string, content: string | Uint8Array) => {
    contents.set(path, Buffer.from(content as Uint8Array))
  }
  return {
    exists: path => contents.has(path),
    read: path => contents.get(links.get(path) ?? path),
    writeAtomically: write,
    writeNew: write,
    writeOnce(path, content) {
      if (contents.has(path)) return false
      write(path, content)
      return true
    },
    makeDirectory() {},
    list: path =>
      [...contents.keys()]
        .filter(name => dirname(name) === path)
        .map(name => name.slice(path.length + 1)),
    rename(from, to) {
      for (const [name, content] of [...contents])
        if (name === from || name.startsWith(`${from}/`)) {
          contents.delete(name)
          contents.set(to + name.slice(from.length), content)
        }
    },
    point(path, target) {
      links.set(path, join(dirname(path), target))
    },
    remove(path) {
      for (const name of [...contents.keys()])
        if (name === path || name.startsWith(`${path}/`)) contents.delete(name)
    },
  }
}
