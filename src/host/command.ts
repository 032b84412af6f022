/** Runs a program to its end. For programs that live on, see `supervised` children elsewhere in this room. */
import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly input?: string
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
  /** Takes the lines of the standard output as they come, however many: none of it is gathered then. */
  readonly onLine?: (line: string) => void
}

const DEFAULT_TIMEOUT_MS = 30_000
/** What a command may print before it is cut off; ours print little. */
const MAXIMUM_OUTPUT_BYTES = 16 * 1024 * 1024

/** The command ended with another code than 0, or could not be started at all. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Runs `file` without a shell. Rejects with a CommandError that carries the first line the program complained with. */
export async function command(
  file: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryCommand(file, words, options)
  if (result.exitCode === 0) return result.stdout
  const complaint =
    (result.stderr || result.stdout).trim().split('\n')[0] || `exit code ${result.exitCode}`
  throw new CommandError(`${file} ${words.slice(0, 3).join(' ')} failed: ${complaint}`)
}

/** Like `command`, but any exit code is an answer. Rejects only when the program cannot be started or takes too long. */
export function tryCommand(
  file: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
    })
    const output = { stdout: '', stderr: '' }
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      // What it started may live on and hold its outputs open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
      const what = [file, ...words.slice(0, 3)].join(' ')
      reject(new CommandError(`${what} took longer than ${timeoutMs} ms`))
    }, timeoutMs)
    const { onLine } = options
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text
        if (stream === 'stdout' && onLine) {
          const lines = output.stdout.split('\n')
          output.stdout = lines.pop() ?? ''
          for (const line of lines) onLine(line)
        }
        if (output[stream].length > MAXIMUM_OUTPUT_BYTES) child.kill('SIGKILL')
      })
    child.on('error', error => {
      clearTimeout(timer)
      reject(new CommandError(`${file} cannot be run: ${error.message}`))
    })
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ exitCode: code ?? 128, ...output })
    })
    // A program that ends before it has read its input is judged by its exit code.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
  })
}
