/** Starts the CSI driver of the tests, and tells what it was asked. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../../machine/proa-process.ts'

const driverProgram = join(import.meta.dirname, 'driver.ts')

/** What it was asked, and what it answered where that was an error. */
export interface Call {
  readonly method: string
  readonly volumeId?: string
  readonly targetPath?: string
  readonly error: string
  readonly [field: string]: unknown
}

/** The driver as a process; what it was asked is in a file that outlives it. `root` is the kubelet's directory. */
export class DriverProcess {
  readonly state = mkdtempSync(join(tmpdir(), 'proa-csi-'))
  readonly #root: string
  readonly #name: string
  #child: ChildProcess | undefined

  constructor(root: string, name: string) {
    this.#root = root
    this.#name = name
  }

  /** Resolves when the kubelet has told it that it is registered. */
  async start(): Promise<void> {
    const words = ['--root', this.#root, '--state', this.state, '--name', this.#name]
    const child = spawn(process.execPath, [driverProgram, ...words])
    this.#child = child
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => {
        said += text
      })
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`the driver ended: ${said}`)
      return said.includes('registered')
    })
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.on('exit', resolve))
    child.kill(signal)
    await ended
  }

  get calls(): readonly Call[] {
    const file = join(this.state, 'calls')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Call)
  }

  of(volumeId: string): string[] {
    return this.calls.filter(call => call.volumeId === volumeId).map(({ method }) => method)
  }

  fail(method: string, answer: string | undefined): void {
    const file = join(this.state, `fail-${method}`)
    if (answer === undefined) rmSync(file, { force: true })
    else writeFileSync(file, answer)
  }

  /** Takes away what it made, devices of volumes that were not unstaged included. */
  remove(): void {
    const { stdout } = spawnSync('losetup', ['-a'], { encoding: 'utf8' })
    for (const line of stdout.split('\n'))
      if (line.includes(this.state)) spawnSync('losetup', ['-d', line.split(':')[0] ?? ''])
    rmSync(this.state, { recursive: true, force: true })
  }
}
