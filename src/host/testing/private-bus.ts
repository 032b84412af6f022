/** A bus of its own with a logind that only pretends, for tests: a real dbus-daemon, and a small program behind it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findProgram } from '../programs.ts'

const PATIENCE_MS = 15_000

/** Why there can be none here; undefined where there can. */
export function whyNoBus(): string | undefined {
  for (const program of ['dbus-daemon', 'dbus-send', 'python3', 'systemd-inhibit'])
    if (!findProgram(program)) return `there is no ${program} here`
  return undefined
}

export interface LogindEvent {
  readonly event: 'ready' | 'inhibit' | 'released' | 'kill'
  readonly [key: string]: unknown
}

export class PrivateBus {
  readonly directory = mkdtempSync(join(tmpdir(), 'proa-bus-'))
  readonly socket = join(this.directory, 'bus')
  readonly address = `unix:path=${this.socket}`
  readonly dropInDirectory = join(this.directory, 'logind.conf.d')
  readonly #delaySeconds: number
  readonly events: LogindEvent[] = []
  #daemon: ChildProcess | undefined
  #logind: ChildProcess | undefined
  #told = () => {}

  /** For how long its logind waits, unless it is told to wait longer. */
  constructor(delaySeconds = 5) {
    this.#delaySeconds = delaySeconds
  }

  async start(): Promise<void> {
    const file = join(this.directory, 'bus.conf')
    writeFileSync(file, CONFIGURATION.replace('BUS', this.socket))
    const words = [`--config-file=${file}`, '--nofork', '--print-address=1']
    const daemon = spawn('dbus-daemon', words, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#daemon = daemon
    await new Promise<void>((resolve, reject) => {
      daemon.stdout.once('data', () => resolve())
      daemon.once('exit', code => reject(new Error(`dbus-daemon ended with ${code}`)))
    })
    this.#startLogind()
    await this.seen(events => events.some(({ event }) => event === 'ready'))
  }

  #startLogind(): void {
    const program = join(import.meta.dirname, 'fake_logind.py')
    const words = [program, this.socket, this.dropInDirectory, String(this.#delaySeconds)]
    const child = spawn('python3', words, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.on('error', () => {})
    createInterface({ input: child.stdout }).on('line', line => {
      this.events.push(JSON.parse(line))
      this.#told()
    })
    this.#logind = child
  }

  /** Resolves when what has happened is as wanted. */
  async seen(isEnough: (events: readonly LogindEvent[]) => boolean): Promise<void> {
    const endsAt = Date.now() + PATIENCE_MS
    while (!isEnough(this.events)) {
      if (Date.now() > endsAt) throw new Error(`only ${JSON.stringify(this.events)} came`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 100)
        this.#told = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  count(event: LogindEvent['event']): number {
    return this.events.filter(each => each.event === event).length
  }

  /** Tells everybody that the machine shuts down, or will not after all. */
  tell(what: 'shutdown' | 'cancel'): void {
    this.#logind?.stdin?.write(`${what}\n`)
  }

  /** The bus alone; whoever is on it is hung up on. */
  async endDaemon(): Promise<void> {
    await ended(this.#daemon)
  }

  async stop(): Promise<void> {
    await Promise.all([ended(this.#logind), ended(this.#daemon)])
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}

const CONFIGURATION = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=BUS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
`
