/** `proa up` as people run it: the real program in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const program = join(import.meta.dirname, '..', '..', 'bin', 'proa.js')
/** Many tests beside each other may take all of the machine. */
const READY_TIMEOUT_MS = 60_000

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
  readonly stdout: string
}

export class ProaProcess {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''

  constructor(words: readonly string[], options: { program?: readonly string[] } = {}) {
    const [file = '', ...before] = options.program ?? [process.execPath, program]
    this.child = spawn(file, [...before, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', text => {
      this.stdout += text
    })
    this.child.stderr?.on('data', text => {
      this.stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject)
      this.child.on('close', (code, signal) =>
        resolve({ code, signal, stderr: this.stderr, stdout: this.stdout }),
      )
    })
  }

  /** Resolves with its port. */
  async ready(): Promise<number> {
    return Number((await this.said(/(?:is ready after .*|listens on )https:\/\/[^:]+:(\d+)/))[1])
  }

  /** Resolves once its standard output matches. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + READY_TIMEOUT_MS
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`it ended with ${this.child.exitCode}: ${this.stderr}`)
      if (performance.now() > deadline) {
        this.child.kill('SIGKILL')
        throw new Error(`not ready in time: ${this.stdout}${this.stderr}`)
      }
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }
}

/** The administrator's credentials in a data directory. */
export function adminOf(directory: string) {
  const text = readFileSync(join(directory, 'admin.conf'), 'utf8')
  const part = (name: string) =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? '', 'base64').toString()
  return {
    ca: part('certificate-authority-data'),
    cert: part('client-certificate-data'),
    key: part('client-key-data'),
  }
}
