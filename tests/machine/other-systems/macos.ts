/** Loaded before a program on Linux: tells it that this is macOS, and hides what only Linux has. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const LINUX_ONLY = /^\/(proc|sys|run|etc\/(machine-id|os-release))(\/|$)/

const isHidden = (path: unknown) => LINUX_ONLY.test(String(path))
const missing = (path: unknown) =>
  Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
    code: 'ENOENT',
    errno: -2,
    path,
  })

type Call = (path: unknown, ...rest: unknown[]) => unknown

function hideFrom(calls: Record<string, Call>, names: readonly string[], isAsync: boolean): void {
  for (const name of names) {
    const real = calls[name] as Call
    calls[name] = (path, ...rest) => {
      if (!isHidden(path)) return real(path, ...rest)
      if (isAsync) return Promise.reject(missing(path))
      const { throwIfNoEntry = true } = (rest[0] ?? {}) as { throwIfNoEntry?: boolean }
      if (throwIfNoEntry) throw missing(path)
      return undefined
    }
  }
}

const reading = ['readdir', 'stat', 'lstat', 'readlink', 'access', 'open', 'readFile']
const sync = reading.map(name => `${name}Sync`)
hideFrom(fs as unknown as Record<string, Call>, [...sync, 'statfsSync'], false)
hideFrom(fs.promises as unknown as Record<string, Call>, reading, true)
const exists = fs.existsSync
fs.existsSync = path => !isHidden(path) && exists(path)
Object.defineProperty(process, 'platform', { value: 'darwin' })
syncBuiltinESMExports()
