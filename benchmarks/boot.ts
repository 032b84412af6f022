/**
 * How long from the start of the process until it can be used, and what it costs to keep. Beside each figure stands the limit of the same run:
 * a bare Node process that serves one HTTPS answer.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const ROUNDS = 5
const IDLE_SECONDS = 20
const proa = join(import.meta.dirname, '..', 'bin', 'proa.js')
const BARE = `const { execFileSync } = require('child_process'); const https = require('https'); const { readFileSync } = require('fs')
https.createServer({ key: readFileSync(process.argv[1] + '/apiserver.key'), cert: readFileSync(process.argv[1] + '/apiserver.crt') }, (q, r) => r.end('ok')).listen(+process.argv[2], '127.0.0.1')`

export async function run(): Promise<void> {
  const first: number[] = []
  const again: number[] = []
  const running: number[] = []
  const bare: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const directory = mkdtempSync(join(tmpdir(), 'proa-boot-'))
    first.push(await timed(directory, async () => {}))
    again.push(await timed(directory, async () => {}))
    running.push(await untilRunning(join(directory, 'two')))
    bare.push(await untilBareAnswers(join(directory, 'pki')))
    rmSync(directory, { recursive: true })
  }
  const idle = await idleCost()
  const row = (name: string, value: string, limit: string) =>
    process.stdout.write(`${name.padEnd(44)} ${value.padStart(9)}   ${limit}\n`)
  row('process start → bare Node answers over HTTPS', seconds(median(bare)), 'the limit')
  row('process start → /readyz, empty data dir', seconds(median(first)), '≤ 0.5 s')
  row('process start → /readyz, data there', seconds(median(again)), '≤ 0.5 s')
  row('process start → Deployment Running, hollow', seconds(median(running)), '≤ 1 s')
  row('idle memory, one hollow node', `${idle.megabytes.toFixed(0)} MB`, '≤ 150 MB')
  row(`idle CPU over ${IDLE_SECONDS} s`, `${idle.cpuPercent.toFixed(2)} %`, '< 1 % of a core')
}

/** Milliseconds from spawn to the first 200 of /readyz; then `use` may look at the cluster. */
async function timed(
  directory: string,
  use: (port: number, child: ChildProcess) => Promise<void>,
): Promise<number> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [proa, 'up', '--data-dir', directory, '--secure-port', String(port), '--nodes', 'hollow:1'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  try {
    await untilAnswers(port, '/readyz')
    const elapsed = performance.now() - started
    await use(port, child)
    return elapsed
  } finally {
    await ended(child)
  }
}

/** From spawn until a Deployment's pod runs on a hollow node. */
async function untilRunning(directory: string): Promise<number> {
  const started = performance.now()
  let elapsed = 0
  await timed(directory, async port => {
    const ask = clientOf(directory, port)
    const labels = { app: 'web' }
    const template = {
      metadata: { labels },
      spec: { containers: [{ name: 'web', image: 'web:1' }] },
    }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    }
    await ask('POST', '/apis/apps/v1/namespaces/default/deployments', deployment)
    for (;;) {
      const pods = (await ask('GET', '/api/v1/namespaces/default/pods')) as {
        items: { status: { phase: string } }[]
      }
      if (pods.items[0]?.status.phase === 'Running') break
      await pause(5)
    }
    elapsed = performance.now() - started
  })
  return elapsed
}

async function untilBareAnswers(pki: string): Promise<number> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, ['-e', BARE, pki, String(port)], { stdio: 'ignore' })
  try {
    await untilAnswers(port, '/')
    return performance.now() - started
  } finally {
    await ended(child)
  }
}

async function idleCost(): Promise<{ megabytes: number; cpuPercent: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-boot-'))
  const result = { megabytes: 0, cpuPercent: 0 }
  await timed(directory, async (_port, child) => {
    await pause(5000)
    const before = cpuSeconds(child.pid ?? 0)
    await pause(IDLE_SECONDS * 1000)
    result.cpuPercent = ((cpuSeconds(child.pid ?? 0) - before) / IDLE_SECONDS) * 100
    const resident = /VmRSS:\s+(\d+) kB/.exec(
      readFileSync(`/proc/${child.pid}/status`, 'utf8'),
    )?.[1]
    result.megabytes = Number(resident) / 1000
  })
  rmSync(directory, { recursive: true })
  return result
}

const TICKS_PER_SECOND = 100

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function untilAnswers(port: number, path: string): Promise<void> {
  for (let tries = 0; tries < 4000; tries++) {
    if ((await statusOf(port, path)) === 200) return
    await pause(2)
  }
  throw new Error(`nothing answers ${path} on port ${port}`)
}

function statusOf(port: number, path: string): Promise<number> {
  return new Promise(resolve => {
    request(
      { port, path, host: '127.0.0.1', rejectUnauthorized: false, agent: false },
      response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
      .on('error', () => resolve(0))
      .end()
  })
}

function clientOf(directory: string, port: number) {
  const pem = (name: string) => readFileSync(join(directory, 'pki', name))
  const tls = { key: pem('admin.key'), cert: pem('admin.crt'), ca: pem('ca.crt') }
  return (method: string, path: string, body?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      request({ ...tls, method, port, path, host: '127.0.0.1', headers }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', part => {
          text += part
        })
        response.on('end', () =>
          response.statusCode && response.statusCode < 300
            ? resolve(JSON.parse(text))
            : reject(new Error(text)),
        )
      })
        .on('error', reject)
        .end(body ? JSON.stringify(body) : undefined)
    })
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`
