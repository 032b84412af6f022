/** Where programs are: others on this machine, and this one. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'

/** The first program of that name on the PATH, as a shell would find it. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const directory of path.split(delimiter)) {
    const file = resolve(directory, name)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // Not in this one.
    }
  }
  return undefined
}

/** The words that start this very program again, on the Node that runs it now. */
export function ownCommand(): readonly [node: string, program: string] {
  return [process.execPath, resolve(import.meta.dirname, '..', '..', 'bin', 'proa.js')]
}
