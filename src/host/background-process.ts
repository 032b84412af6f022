/** Programs that outlive the process that started them, and are found again by it or its successor. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

export interface BackgroundOptions {
  /** Standard output and error are appended here. */
  readonly logFile: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts a program in a session of its own, so that neither Ctrl-C in our terminal nor our end reaches it. Resolves with its
 * process id; rejects where it can't be started.
 */
export function startInBackground(
  file: string,
  words: readonly string[],
  options: BackgroundOptions,
): Promise<number> {
  const log = openSync(options.logFile, 'a', 0o600)
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
    })
    closeSync(log)
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve(child.pid ?? 0)
    })
  })
}

/**
 * The words a process was started with, undefined where there is no such process (any more) or it is a zombie. None for a moment after its
 * start, while its program is still being read from the disk, and of a thread of the kernel.
 */
export async function commandLineOf(processId: number): Promise<string[] | undefined> {
  try {
    const text = await readFile(`/proc/${processId}/cmdline`, 'utf8')
    if (text !== '') return text.split('\0').slice(0, -1)
    const stat = await readFile(`/proc/${processId}/stat`, 'utf8')
    return DEAD.test(stat) ? undefined : []
  } catch {
    return undefined
  }
}

/** The state behind the name, which may hold parentheses itself: Z or X. */
const DEAD = /^.*\) [ZX]/s

/** Ids of the processes whose command line `matches`. */
export async function findProcesses(matches: (words: string[]) => boolean): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = await commandLineOf(Number(name))
    if (words && matches(words)) found.push(Number(name))
  }
  return found
}

/** False where the process is gone already. */
export function signalProcess(processId: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(processId, signal)
    return true
  } catch {
    return false
  }
}

/** Whether we hold a capability of Linux by its number, as capabilities(7) counts them. */
export async function hasCapability(number: number): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8')
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(number)) & 1n) === 1n
}
