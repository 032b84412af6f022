/**
 * What the API does a second, over HTTPS, with everything on disk before it is answered. Beside each figure stands the limit of the
 * same run: a plain Node HTTP/2 server that sends the same bytes (`tools/bare-server.ts`), under the same load on the same cores.
 * The load is `tools/load`, in Go: client-go, and a lean client that hardly costs anything. Where upstream's own server is at hand
 * (`tools/peer.ts`), it gets the same load in the same run. Before a row counts, all have had its load once, unless it leaves objects behind
 * or takes them away: V8 compiles what a server does often within its first ten seconds, and a cluster runs for longer.
 */
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Peer, withPeer } from './tools/peer.ts'
import {
  administrator,
  cpuSeconds,
  freePort,
  residentMegabytes,
  untilAnswers,
  untilListens,
  withNode,
} from './tools/processes.ts'

const SECONDS = 5
/** A server that has nothing to do for 20 s gives back what a load left. */
const REST_MS = 30_000
/** Who else uses the machine changes from one moment to the next, so what lies close to its factor is asked several times in turn. */
const WATCH_ROUNDS = 5
const OBJECTS = 500
/** A list of so many ConfigMaps of 1 MB is in flight while others ask for one small object. */
const LARGE_OBJECTS = 50

interface Found {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
  readonly writesPerSecond?: number
  /** Watches that the server ended. */
  readonly ended?: number
}

interface Round {
  readonly found: Found
  /** Seconds of a processor. */
  readonly spent: number
  readonly bare: Found
  readonly peer: Found | undefined
}

interface Row {
  readonly title: string
  readonly words: readonly string[]
  /** What kube-apiserver 1.36 with etcd 3.6 did on a machine of this kind, where it cannot be asked here. */
  readonly upstream: number
  readonly factor: number
  /** Whether its load leaves a server with as many objects as it had. */
  readonly isWarmedUp: boolean
  /** Proa, the bare server and upstream take turns so often; the round with the middle ratio counts. */
  readonly rounds: number
}

const row = (op: string, upstream: number, factor: number, ...more: string[]): Row => ({
  title: `${op}${more.length > 0 ? ` ${more.join(' ').replaceAll('-', '')}` : ''}`,
  words: ['-op', op, ...more],
  upstream,
  factor,
  isWarmedUp: op !== 'create' && op !== 'delete',
  rounds: op === 'watch' ? WATCH_ROUNDS : 1,
})

const ROWS: readonly Row[] = [
  row('create', 1910, 2),
  row('get', 4199, 2),
  row('update', 1691, 2),
  row('patch', 1633, 2),
  row('apply', 1484, 2),
  row('lean-get', 5148, 3),
  row('lean-list', 200, 3, '-clients', '4'),
  row('watch', 22_358, 4, '-watchers', '100'),
  row('watch', 22_358, 4, '-watchers', '1000'),
  row('delete', 2283, 2, '-objects', String(OBJECTS * 20)),
]

const proa = join(import.meta.dirname, '..', 'bin', 'proa.js')
const bareServer = join(import.meta.dirname, 'tools', 'bare-server.ts')

export async function run(words: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-api-'))
  try {
    const load = builtLoad(directory)
    const port = await freePort()
    const data = join(directory, 'data')
    const kubeconfig = join(data, 'admin.conf')
    const flags = ['--data-dir', data, '--secure-port', String(port)]
    await withNode([proa, 'apiserver', ...flags], async child => {
      await untilAnswers(port, '/readyz')
      const ask = await administrator(kubeconfig)
      const loadProa = (...more: string[]) => runLoad(load, kubeconfig, ...more)
      await loadProa('-op', 'prepare', '-objects', String(OBJECTS))
      await keepBytes(ask, join(directory, 'bare'), data)
      const barePort = await freePort()
      const configAt = (name: string, other: number) => {
        const file = join(directory, name)
        const text = readFileSync(kubeconfig, 'utf8')
        writeFileSync(file, text.replaceAll(String(port), String(other)))
        return file
      }
      const bareConfig = configAt('bare.conf', barePort)
      await withPeer(directory, join(data, 'pki'), peer =>
        withNode([bareServer, join(directory, 'bare'), String(barePort)], async () => {
          await untilListens(barePort)
          const peerConfig = peer && configAt('peer.conf', peer.port)
          if (peerConfig)
            await runLoad(load, peerConfig, '-op', 'prepare', '-objects', String(OBJECTS))
          header()
          for (const each of ROWS) {
            if (words.length > 0 && !words.includes(each.words[1] ?? '')) continue
            const run = async (config: string) => {
              if (each.words[1] === 'delete')
                await runLoad(load, config, '-op', 'prepare', '-objects', String(OBJECTS * 20))
              return runLoad(load, config, '-seconds', String(SECONDS), ...each.words)
            }
            const configs = [kubeconfig, bareConfig, ...(peerConfig ? [peerConfig] : [])]
            if (each.isWarmedUp) for (const config of configs) await run(config)
            const rounds: Round[] = []
            while (rounds.length < each.rounds) {
              const cpu = cpuSeconds(child)
              const found = await run(kubeconfig)
              const spent = cpuSeconds(child) - cpu
              const bare = await run(bareConfig)
              rounds.push({
                found,
                spent,
                bare,
                peer: peerConfig ? await run(peerConfig) : undefined,
              })
            }
            report(each, middleOf(rounds), rounds.map(factorOf))
          }
          if (peer) reportPeerMemory(peer)
        }),
      )
      const loaded = residentMegabytes(child).toFixed(0)
      await pause(REST_MS)
      const rested = residentMegabytes(child).toFixed(0)
      process.stdout.write(
        `memory right after the load: ${loaded} MB; after ${REST_MS / 1000} s of rest: ${rested} MB\n`,
      )
      if (words.length === 0 || words.includes('stall')) await stall(ask, loadProa)
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function header(): void {
  process.stdout.write(
    `${'operation'.padEnd(24)}${'Proa/s'.padStart(9)}${'limit/s'.padStart(9)}${'share'.padStart(7)}${'p50 ms'.padStart(8)}${'p99 ms'.padStart(8)}${'cores'.padStart(7)}   orientation\n`,
  )
}

function middleOf(rounds: readonly Round[]): Round {
  const inOrder = rounds.toSorted((one, other) => factorOf(one) - factorOf(other))
  return inOrder[inOrder.length >> 1] as Round
}

/** How many times upstream, or the bare server where upstream is not at hand. */
function factorOf({ found, bare, peer }: Round): number {
  return found.perSecond / (peer ?? bare).perSecond
}

function report(
  { title, upstream, factor }: Row,
  { found, spent, bare, peer }: Round,
  factors: readonly number[],
): void {
  const { perSecond, p50, p99, errors, writesPerSecond } = found
  const share = `${((100 * perSecond) / bare.perSecond).toFixed(0)} %`
  const numbers = [
    perSecond.toFixed(0).padStart(9),
    bare.perSecond.toFixed(0).padStart(9),
    share.padStart(7),
    p50.toFixed(1).padStart(8),
    p99.toFixed(1).padStart(8),
    (spent / SECONDS).toFixed(2).padStart(7),
  ].join('')
  const rival = peer?.perSecond ?? upstream
  const cut = (of: Found) => (of.ended ? `, ${of.ended} watches ended` : '')
  const where = peer ? `here, p99 ${peer.p99.toFixed(1)} ms${cut(peer)}` : 'elsewhere'
  const wanted = `${rival.toFixed(0)} upstream ${where}, x${(perSecond / rival).toFixed(1)} of x${factor}`
  const writes = writesPerSecond ? `; ${writesPerSecond.toFixed(0)} writes/s meanwhile` : ''
  const failed = errors > 0 ? `; ${errors} ERRORS` : ''
  const others = factors.map(each => each.toFixed(1)).join(', ')
  const turns = factors.length > 1 ? `; the middle of ${others}` : ''
  process.stdout.write(
    `${title.padEnd(24)}${numbers}   ${wanted}${turns}${writes}${cut(found)}${failed}\n`,
  )
}

function reportPeerMemory({ processes }: Peer): void {
  const each = processes.map(pid => residentMegabytes({ pid }).toFixed(0))
  process.stdout.write(`upstream's memory after the load: ${each.join(' + ')} MB\n`)
}

/** The program, built once a run; the first time ever fetches its modules. */
function builtLoad(directory: string): string {
  const program = join(directory, 'load')
  const built = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'tools', 'load'),
    encoding: 'utf8',
  })
  if (built.status !== 0) throw new Error(`the load could not be built: ${built.stderr}`)
  return program
}

function runLoad(program: string, kubeconfig: string, ...words: string[]): Promise<Found> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-kubeconfig', kubeconfig, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', part => {
      text += part
    })
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the load ended with ${code}`)),
    )
  })
}

type Ask = Awaited<ReturnType<typeof administrator>>

/** What the bare server is to send: the bytes that Proa sends. */
async function keepBytes(ask: Ask, directory: string, data: string): Promise<void> {
  mkdirSync(directory)
  const path = '/api/v1/namespaces/default/configmaps'
  writeFileSync(join(directory, 'one.json'), JSON.stringify(await ask('GET', `${path}/load-00001`)))
  writeFileSync(join(directory, 'list.json'), JSON.stringify(await ask('GET', `${path}?limit=500`)))
  for (const name of ['apiserver.key', 'apiserver.crt'])
    copyFileSync(join(data, 'pki', name), join(directory, name))
}

/** One client reads a large list again and again; how long do others wait for one small object? */
async function stall(ask: Ask, load: (...words: string[]) => Promise<Found>): Promise<void> {
  const payload = 'x'.repeat(1_000_000)
  for (let at = 0; at < LARGE_OBJECTS; at++)
    await ask('POST', '/api/v1/namespaces/kube-public/configmaps', {
      metadata: { name: `large-${at}` },
      data: { payload },
    })
  const probe = ['-op', 'lean-probe', '-clients', '4', '-seconds', String(SECONDS)]
  const alone = await load(...probe)
  const heavy = load('-op', 'lean-large', '-clients', '1', '-seconds', String(SECONDS + 1))
  const beside = await load(...probe)
  const lists = await heavy
  process.stdout.write(
    `get p99 alone ${alone.p99.toFixed(1)} ms; beside lists of 50 MB (${lists.perSecond.toFixed(1)}/s) ${beside.p99.toFixed(1)} ms (wanted: under 50 ms)\n`,
  )
}
