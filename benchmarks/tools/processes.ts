/** What benchmarks need of processes: start one, ask it, know what it cost, end it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 30_000
const POLL_MS = 2
const TICKS_PER_SECOND = 100

/** Runs Node with these words while `use` looks at it; then ends it and waits for that. */
export async function withNode<T>(
  words: readonly string[],
  use: (child: ChildProcess) => Promise<T>,
  environment: NodeJS.ProcessEnv = {},
): Promise<T> {
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const exit = new Promise(resolve => child.once('exit', resolve))
  try {
    return await use(child)
  } finally {
    child.kill('SIGTERM')
    await exit
  }
}

export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const from = performance.now(); performance.now() - from < PATIENCE_MS; ) {
    const found = await look()
    if (found !== undefined) return found
    await pause(POLL_MS)
  }
  throw new Error(`no ${what} within ${PATIENCE_MS / 1000} s`)
}

/** Waits for a 200; connects anew each time, as the first client would. */
export async function untilAnswers(port: number, path: string): Promise<void> {
  await until(`answer to ${path}`, async () =>
    (await statusOf(port, path)) === 200 ? true : undefined,
  )
}

/** Waits until somebody accepts connections. */
export async function untilListens(port: number): Promise<void> {
  await until(`server on port ${port}`, () => {
    const socket = connect(port, '127.0.0.1')
    return new Promise<true | undefined>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(undefined))
    }).finally(() => socket.destroy())
  })
}

function statusOf(port: number, path: string): Promise<number> {
  const options = { port, path, host: '127.0.0.1', rejectUnauthorized: false, agent: false }
  return new Promise(resolve => {
    request(options, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', () => resolve(0))
      .end()
  })
}

export type Ask = (method: string, path: string, body?: object) => Promise<unknown>

/** Asks the API as the administrator, once there is a kubeconfig to do it with. */
export async function administrator(kubeconfig: string): Promise<Ask> {
  const text = await until('kubeconfig', async () =>
    existsSync(kubeconfig) ? readFileSync(kubeconfig, 'utf8') : undefined,
  )
  const field = (name: string) => new RegExp(`${name}: "?([^"\\s]+)`).exec(text)?.[1] ?? ''
  const pem = (name: string) => Buffer.from(field(name), 'base64')
  const tls = {
    ca: pem('certificate-authority-data'),
    cert: pem('client-certificate-data'),
    key: pem('client-key-data'),
  }
  const headers = { 'content-type': 'application/json' }
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      request(new URL(path, field('server')), { ...tls, method, headers }, response => {
        let answer = ''
        response.setEncoding('utf8').on('data', part => {
          answer += part
        })
        response.on('end', () =>
          response.statusCode && response.statusCode < 300
            ? resolve(JSON.parse(answer))
            : reject(new Error(answer)),
        )
      })
        .on('error', reject)
        .end(body ? JSON.stringify(body) : undefined)
    })
}

export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export function cpuSeconds({ pid }: Pick<ChildProcess, 'pid'>): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export function residentMegabytes({ pid }: Pick<ChildProcess, 'pid'>): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1000
}
