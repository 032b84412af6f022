/** A real etcd in a process of its own, on free loopback ports, with its data in a folder that goes with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_TIMEOUT_MS = 90_000

/** Why tests that need an etcd on the PATH are skipped here, or false. */
export function etcdMissing(binary = 'etcd'): string | false {
  return spawnSync(binary, ['--version']).status === 0
    ? false
    : `there is no ${binary} here: on Debian, apt-get install etcd-server`
}

/** `3.4.23` */
export function etcdVersion(binary = 'etcd'): string {
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

export interface EtcdProcessOptions {
  readonly binary?: string
  /** Such as `--quota-backend-bytes=1000000`. */
  readonly flags?: readonly string[]
  /** Files for TLS with certificates on both sides. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
  /** Through which port the other members come to the one that listens on `port`. */
  readonly peerRelay?: (name: string, port: number) => Promise<number>
  /** Called each time that a member's process was started, before it listens. */
  readonly started?: (member: EtcdProcess) => void
}

interface Place {
  readonly name: string
  readonly ports: { readonly client: number; readonly peer: number; readonly relay: number }
  readonly cluster: string
}

export class EtcdProcess {
  readonly name: string
  readonly url: string
  readonly #binary: string
  readonly #started: EtcdProcessOptions['started']
  readonly #words: readonly string[]
  /** Of its data. */
  readonly directory: string
  #child: ChildProcess | undefined
  #output = ''

  private constructor(options: EtcdProcessOptions, { name, ports, cluster }: Place) {
    const { binary = 'etcd', flags = [], tls, started } = options
    this.name = name
    this.#binary = binary
    this.#started = started
    this.directory = mkdtempSync(join(tmpdir(), 'proa-etcd-'))
    this.url = `${tls ? 'https' : 'http'}://127.0.0.1:${ports.client}`
    const [peer, relay] = [ports.peer, ports.relay].map(port => `http://127.0.0.1:${port}`)
    this.#words = [
      ['--name', name, '--data-dir', join(this.directory, 'data')],
      ['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
      ['--listen-peer-urls', peer ?? '', '--initial-advertise-peer-urls', relay ?? ''],
      ['--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'warn'],
      tls ? ['--client-cert-auth', '--trusted-ca-file', tls.ca] : [],
      tls ? ['--cert-file', tls.cert, '--key-file', tls.key] : [],
      flags,
    ].flat()
  }

  static async start(options: EtcdProcessOptions = {}): Promise<EtcdProcess> {
    const [etcd] = await EtcdProcess.startCluster(1, options)
    return etcd as EtcdProcess
  }

  /** Members of one cluster. */
  static async startCluster(
    size: number,
    options: EtcdProcessOptions = {},
  ): Promise<EtcdProcess[]> {
    const missing = etcdMissing(options.binary)
    if (missing) throw new Error(missing)
    const places: Omit<Place, 'cluster'>[] = []
    for (let i = 1; i <= size; i++) {
      const name = `member-${i}`
      const [client, peer] = [await freePort(), await freePort()]
      const relay = (await options.peerRelay?.(name, peer)) ?? peer
      places.push({ name, ports: { client, peer, relay } })
    }
    const cluster = places
      .map(({ name, ports }) => `${name}=http://127.0.0.1:${ports.relay}`)
      .join(',')
    const members = places.map(place => new EtcdProcess(options, { ...place, cluster }))
    await Promise.all(members.map(member => member.start()))
    return members
  }

  /** Its process, while it runs. */
  get id(): number | undefined {
    return this.#child?.pid
  }

  /** What it wrote to its log. */
  get output(): string {
    return this.#output
  }

  /** Starts it (again) with what it had. */
  async start(): Promise<void> {
    const child = spawn(this.#binary, this.#words)
    this.#child = child
    this.#started?.(this)
    child.stdout.resume()
    child.stderr.on('data', text => {
      this.#output += text
    })
    const deadline = performance.now() + START_TIMEOUT_MS
    while (!(await this.#isListening())) {
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`etcd did not start: ${this.#output}`)
      await sleep(20)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Ends the process and keeps its data. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  async remove(): Promise<void> {
    this.#child?.kill('SIGCONT')
    await this.stop('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }

  #isListening(): Promise<boolean> {
    return new Promise(resolve => {
      const socket = connect(Number(new URL(this.url).port), '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
