/** An API server in a process of its own, that can be killed and started again on what it left: over SQLite, or over an etcd that can be killed, too. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '#base/random.ts'
import { EtcdProcess } from '../../src/store/testing/etcd-process.ts'
import { adminOf, ProaProcess } from '../scenarios/proa-process.ts'
import { ask } from './load/ask.ts'
import type { Target } from './load/load.ts'
import { PATH } from './load/table.ts'

const ANSWER_MS = 60_000

export interface Server {
  /** Where it keeps its data. */
  readonly directories: readonly string[]
  /** Starts what is not running; resolves when all of them answer. */
  start(): Promise<readonly Target[]>
  /** kill -9 of what the server is there to have killed. */
  kill(): Promise<void>
  /** Ends everything in good order and leaves nothing. */
  remove(): Promise<void>
}

export interface ServerOptions {
  /** Of the API server. */
  readonly words?: readonly string[]
  /** Where its data is kept; /tmp may be memory, which no disk resembles. */
  readonly directory?: string
  /** Bugs to plant: what happens to its files behind a killed server's back. */
  readonly spoil?: (stateDirectory: string) => void
}

export function sqliteServer({
  words = [],
  directory = tmpdir(),
  spoil,
}: ServerOptions = {}): Server {
  const data = mkdtempSync(join(directory, 'proa-torture-'))
  let running: ProaProcess | undefined
  return {
    directories: [data],
    async start() {
      running ??= startUp(data, words)
      return [await targetOf(running, data)]
    },
    async kill() {
      await running?.kill('SIGKILL')
      running = undefined
      spoil?.(join(data, 'state'))
    },
    async remove() {
      await endWell(running)
      rmSync(data, { recursive: true })
    },
  }
}

/** `fragile-server.ts`, at what is hard for it. */
export function fragileServer(
  kind: 'compacting' | 'jumping',
  { directory = tmpdir() }: ServerOptions = {},
): Server {
  const data = mkdtempSync(join(directory, 'proa-torture-'))
  const program = [process.execPath, join(import.meta.dirname, 'fragile-server.ts')]
  let running: ProaProcess | undefined
  return {
    directories: [data],
    async start() {
      running ??= new ProaProcess([join(data, 'state'), kind], { program })
      const port = await running.ready()
      return [{ url: `https://localhost:${port}`, tls: { rejectUnauthorized: false } }]
    },
    async kill() {
      await running?.kill('SIGKILL')
      running = undefined
    },
    async remove() {
      await endWell(running)
      rmSync(data, { recursive: true })
    },
  }
}

/** The API server lives on while its etcd is killed. */
export async function etcdServer({
  words = [],
  directory = tmpdir(),
}: ServerOptions = {}): Promise<Server> {
  const data = mkdtempSync(join(directory, 'proa-torture-'))
  const etcd = await EtcdProcess.start()
  let isUp = true
  let running: ProaProcess | undefined
  return {
    directories: [data, etcd.directory],
    async start() {
      if (!isUp) await etcd.start()
      isUp = true
      running ??= startUp(data, ['--etcd-servers', etcd.url, ...words])
      const target = await targetOf(running, data)
      await answers(target)
      return [target]
    },
    async kill() {
      await etcd.stop('SIGKILL')
      isUp = false
    },
    async remove() {
      if (!isUp) await etcd.start()
      await endWell(running)
      await etcd.remove()
      rmSync(data, { recursive: true })
    },
  }
}

/** Two API servers over one etcd; any of the three is killed. */
export async function sharedServers(
  random: Random,
  { directory = tmpdir() }: ServerOptions = {},
): Promise<Server> {
  const etcd = await EtcdProcess.start()
  const directories = [0, 1].map(() => mkdtempSync(join(directory, 'proa-torture-')))
  const running: (ProaProcess | undefined)[] = [undefined, undefined]
  let isUp = true
  const begin = (data: string) => {
    const where = ['--data-dir', data, '--etcd-servers', etcd.url]
    return new ProaProcess(['apiserver', ...where, '--secure-port', '0'])
  }
  return {
    directories: [...directories, etcd.directory],
    async start() {
      if (!isUp) await etcd.start()
      isUp = true
      for (const [at, data] of directories.entries()) running[at] ??= begin(data)
      const targets = await Promise.all(
        directories.map((data, at) => targetOf(running[at] as ProaProcess, data)),
      )
      await Promise.all(targets.map(answers))
      return targets
    },
    async kill() {
      const victim = random.integer(3)
      if (victim === 2) {
        await etcd.stop('SIGKILL')
        isUp = false
      } else {
        await running[victim]?.kill('SIGKILL')
        running[victim] = undefined
      }
    },
    async remove() {
      if (!isUp) await etcd.start()
      await Promise.all(running.map(endWell))
      await etcd.remove()
      for (const data of directories) rmSync(data, { recursive: true })
    },
  }
}

const startUp = (data: string, words: readonly string[]) =>
  new ProaProcess(['up', '--data-dir', data, '--nodes', 'none', '--secure-port', '0', ...words])

async function targetOf(running: ProaProcess, data: string): Promise<Target> {
  const port = await running.ready()
  return { url: `https://127.0.0.1:${port}`, tls: adminOf(data) }
}

/** Resolves when reads are answered, which need the store. */
export async function answers({ url, tls }: Target): Promise<void> {
  for (const started = performance.now(); performance.now() - started < ANSWER_MS; ) {
    const session = connect(url, tls)
    session.on('error', () => {})
    const reply = await ask(session, { method: 'GET', path: PATH })
    session.destroy()
    if (reply?.status === 200) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('the server does not answer')
}

export async function endWell(running: ProaProcess | undefined): Promise<void> {
  if (!running) return
  const { code, stderr } = await running.kill('SIGTERM')
  if (code !== 0) throw new Error(`the server ended with ${code}: ${stderr}`)
}
