/**
 * How long from the start of the process until it can be used, and what it costs to keep. Beside it stands the limit of the same run:
 * a bare Node process that serves one HTTPS answer. Figures are medians; the machine should have nothing else to do.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ProaProcess, whyNotHere } from '../tests/machine/proa-process.ts'
import { busyboxImage } from '../tests/tools/busybox-image.ts'
import {
  type Ask,
  administrator,
  cpuSeconds,
  freePort,
  residentMegabytes,
  until,
  untilAnswers,
  withNode,
} from './tools/processes.ts'

const ROUNDS = 5
const IDLE_SECONDS = 30
/** From ready until everything has calmed down. */
const SETTLE_MS = 5000

const proa = join(import.meta.dirname, '..', 'bin', 'proa.js')
const BARE = `const { readFileSync } = require('node:fs')
const [directory, port] = process.argv.slice(1)
const read = name => readFileSync(directory + '/apiserver.' + name)
require('node:https').createServer({ key: read('key'), cert: read('crt') }, (_, response) => response.end('ok')).listen(+port, '127.0.0.1')`

export async function run(): Promise<void> {
  const bare: number[] = []
  const neverStarted: number[] = []
  const empty: number[] = []
  const again: number[] = []
  const running: number[] = []
  const directory = mkdtempSync(join(tmpdir(), 'proa-boot-'))
  for (let round = 0; round < ROUNDS; round++) {
    const at = (name: string) => join(directory, `${round}-${name}`)
    neverStarted.push(await untilReady(at('first'), { XDG_CACHE_HOME: at('cache') }))
    empty.push(await untilReady(at('data')))
    again.push(await untilReady(at('data')))
    running.push(await untilHollowPodRuns(at('pods')))
    bare.push(await untilBareAnswers(join(at('data'), 'pki')))
  }
  const idle = await idleCost(join(directory, 'idle'))
  rmSync(directory, { recursive: true })
  const pages = await untilPages()

  tell(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} with this`, '', '')
  tell('process start → bare Node answers over HTTPS', seconds(bare), 'the limit')
  tell('process start → /readyz, first start ever', seconds(neverStarted), '')
  tell('process start → /readyz, empty data dir', seconds(empty), '≤ 0.5 s')
  tell('process start → /readyz, data there', seconds(again), '≤ 0.5 s')
  tell('process start → Deployment Running, hollow', seconds(running), '≤ 1 s')
  tell('process start → page by DNS name, containerd', pages, '≤ 3 s')
  tell('idle memory, one hollow node', `${idle.megabytes.toFixed(0)} MB`, '≤ 150 MB')
  tell(`idle CPU over ${IDLE_SECONDS} s`, `${idle.cpuPercent.toFixed(2)} %`, '< 1 % of a core')
}

const up = (directory: string, port: number) => [
  ...[proa, 'up', '--nodes', 'hollow:1', '--log-level', 'error'],
  ...['--data-dir', directory, '--secure-port', String(port)],
]

/** Without compiled code of earlier starts where the environment names a cache that is empty. */
async function untilReady(directory: string, environment: NodeJS.ProcessEnv = {}): Promise<number> {
  const port = await freePort()
  const elapsed = stopwatch()
  const use = async () => {
    await untilAnswers(port, '/readyz')
    return elapsed()
  }
  return withNode(up(directory, port), use, environment)
}

async function untilHollowPodRuns(directory: string): Promise<number> {
  const port = await freePort()
  const elapsed = stopwatch()
  return withNode(up(directory, port), async () => {
    const ask = await administrator(join(directory, 'admin.conf'))
    await create(ask, deploymentOf({ name: 'web', image: 'web:1' }))
    await until('running pod', async () => {
      const { items } = (await ask('GET', '/api/v1/namespaces/default/pods')) as PodList
      return items[0]?.status.phase === 'Running' ? true : undefined
    })
    return elapsed()
  })
}

async function untilBareAnswers(pki: string): Promise<number> {
  const port = await freePort()
  const elapsed = stopwatch()
  return withNode(['-e', BARE, pki, String(port)], async () => {
    await untilAnswers(port, '/')
    return elapsed()
  })
}

async function idleCost(directory: string): Promise<{ megabytes: number; cpuPercent: number }> {
  const port = await freePort()
  return withNode(up(directory, port), async child => {
    await untilAnswers(port, '/readyz')
    await pause(SETTLE_MS)
    const before = cpuSeconds(child)
    await pause(IDLE_SECONDS * 1000)
    const cpuPercent = ((cpuSeconds(child) - before) / IDLE_SECONDS) * 100
    return { cpuPercent, megabytes: residentMegabytes(child) }
  })
}

/** With real containers, where this machine can run them. */
async function untilPages(): Promise<string> {
  const reason = whyNotHere()
  if (reason) return `not here: ${reason}`
  const figures: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const machine = new ProaProcess()
    machine.loadImage()
    try {
      figures.push(await untilPage(machine))
    } finally {
      await machine.end('SIGTERM')
      machine.reset()
    }
  }
  return seconds(figures)
}

/** A pod asks for the Service's page by name until it has it, and ends. */
async function untilPage(machine: ProaProcess): Promise<number> {
  const elapsed = stopwatch()
  await machine.start()
  const ask = await administrator(join(machine.directory, 'admin.conf'))
  const shell = (script: string) => ({
    name: 'main',
    image: busyboxImage,
    command: ['sh', '-c', script],
  })
  const page = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 web 80 2>/dev/null | grep -q hello"
  await Promise.all([
    create(ask, deploymentOf(shell('echo hello > /www/index.html; exec httpd -f -h /www'))),
    create(ask, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: labels, ports: [{ port: 80 }] },
    }),
    create(ask, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client' },
      spec: {
        restartPolicy: 'Never',
        containers: [shell(`until ${page}; do sleep 0.02; done`)],
      },
    }),
  ])
  await until('page', async () => {
    const client = (await ask('GET', '/api/v1/namespaces/default/pods/client')) as Pod
    return client.status.phase === 'Succeeded' ? true : undefined
  })
  return elapsed()
}

interface Pod {
  readonly status: { readonly phase: string }
}
interface PodList {
  readonly items: readonly Pod[]
}

const labels = { app: 'web' }
const deploymentOf = (container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  },
})

const PATHS: Readonly<Record<string, string>> = {
  Deployment: '/apis/apps/v1/namespaces/default/deployments',
  Pod: '/api/v1/namespaces/default/pods',
  Service: '/api/v1/namespaces/default/services',
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: object
  readonly spec: object
}

/** Tries again: a pod is refused until its service account is there. */
async function create(ask: Ask, object: Manifest): Promise<void> {
  let refusal: unknown
  await until('acceptance', () =>
    ask('POST', PATHS[object.kind] ?? '', object).catch(error => {
      refusal = error
      return undefined
    }),
  ).catch(() => {
    throw refusal
  })
}

function stopwatch(): () => number {
  const from = performance.now()
  return () => performance.now() - from
}

function seconds(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  return `${((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1000).toFixed(2)} s`
}

function tell(what: string, value: string, target: string): void {
  process.stdout.write(`${what.padEnd(46)} ${value.padStart(9)}   ${target}\n`)
}
