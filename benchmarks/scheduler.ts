/**
 * How fast pods get their nodes, from the first create to the last binding, with API server, store, client and scheduler in one
 * process: the workloads of `scheduler/workloads.yaml`, each in a process of its own. Beside each stands what bounds it: what the
 * same client reaches in the same run when it does the same writes itself without any scheduling, and what a decision costs a scheduler
 * that keeps nothing; and what upstream's scheduler, API server and etcd do with it in the same run, where they are at hand. On a machine that others use, too, compare processor time and not rates.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { runWithoutScheduling } from './scheduler/unscheduled.ts'
import { runOnUpstream, type UpstreamMeasured } from './scheduler/upstream.ts'
import { type Measured, readCases, runWorkload, type Workload } from './scheduler/workload.ts'
import type { StoreName } from './scheduler/world.ts'

const USAGE = `npm run bench -- scheduler [--sizes small|asked|all] [--memory] [--profile FOLDER] [PART OF A NAME …]
  --sizes   small (the default): a few minutes for all; asked: those for which a rate is asked, up to 15,000 nodes
  --memory  keeps the objects in memory, in place of SQLite
  --profile samples stacks meanwhile, which slows all of it down, keeps them there (.cpuprofile), and tells the scheduler's share
  PART      only workloads of any size whose CASE/NAME has it
  --one CASE/NAME, --unscheduled CASE/NAME, --upstream CASE/NAME: in this process, one line of JSON
With TEST_ASSET_KUBE_SCHEDULER, TEST_ASSET_KUBE_APISERVER and TEST_ASSET_ETCD (or the PATH) upstream does each workload, too.
`
/** One workload may take so long. */
const LIMIT_MS = 1_800_000

const COLUMNS = [
  ...['pods/s', 'asked', 'unscheduled', 'upstream'],
  ...['CPU a pod', 'unscheduled', 'upstream', 'scheduler'],
  ...['writes', 'events', 'attempt p50', 'p99', 'naive', 'refused', 'RSS'],
]

const chosen: Readonly<Record<string, (workload: Workload) => boolean>> = {
  small: ({ small }) => small === true,
  asked: ({ goal }) => goal !== undefined,
  all: () => true,
}

export const flags = [
  '--sizes',
  '--memory',
  '--profile',
  '--one',
  '--unscheduled',
  '--upstream',
  '--help',
]

export async function run(words: readonly string[]): Promise<void> {
  const wordAfter = (flag: string) => words[words.indexOf(flag) + 1] ?? ''
  const storeName: StoreName = words.includes('--memory') ? 'memory' : 'sqlite'
  if (words.includes('--help')) return void process.stdout.write(USAGE)
  const profiles = words.includes('--profile') ? folderNamed(wordAfter('--profile')) : undefined
  if (words.includes('--one')) {
    const path = wordAfter('--one')
    return print(await runWorkload(path, storeName, profiles && fileFor(path, profiles)))
  }
  if (words.includes('--unscheduled'))
    return print(await runWithoutScheduling(wordAfter('--unscheduled'), storeName))
  if (words.includes('--upstream')) return print(await runOnUpstream(wordAfter('--upstream')))
  const sizes = words.includes('--sizes') ? wordAfter('--sizes') : 'small'
  const isWanted = chosen[sizes]
  if (!isWanted) throw new UserError(`no sizes "${sizes}"\n${USAGE}`)
  const parts = words.filter(word => ![sizes, profiles].includes(word) && !word.startsWith('--'))
  const more = [
    ...(storeName === 'memory' ? ['--memory'] : []),
    ...(profiles === undefined ? [] : ['--profile', profiles]),
  ]
  const wanted = readCases().flatMap(({ name, workloads }) =>
    workloads
      .map(workload => ({ ...workload, path: `${name}/${workload.name}` }))
      .filter(one =>
        parts.length > 0 ? parts.some(part => one.path.includes(part)) : isWanted(one),
      ),
  )
  line('workload', ...COLUMNS)
  for (const { path, goal } of wanted) {
    const measured = inProcess<Measured>('--one', path, more)
    const limit = inProcess<Measured>('--unscheduled', path, more)
    const upstream = inProcess<UpstreamMeasured | null>('--upstream', path, [])
    if (!measured || !limit) {
      line(path, 'failed')
      continue
    }
    line(
      path,
      Math.round(measured.podsPerSecond),
      goal ?? '',
      Math.round(limit.podsPerSecond),
      upstream ? Math.round(upstream.podsPerSecond) : '',
      ms(measured.cpuMs),
      ms(limit.cpuMs),
      upstream ? ms(upstream.cpuMs) : '',
      measured.schedulerMs === undefined ? '' : ms(measured.schedulerMs),
      measured.writes.toFixed(2),
      measured.events.toFixed(2),
      ms(measured.p50Ms),
      ms(measured.p99Ms),
      roughly(measured.naiveMs),
      measured.unschedulable,
      `${Math.round(measured.residentMegabytes)} MB`,
    )
  }
}

const ms = (milliseconds: number): string => `${milliseconds.toFixed(2)} ms`

/** What is reckoned from a few nodes, and may be hours. */
function roughly(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 1) return `~${Math.round(milliseconds)} ms`
  return seconds < 100 ? `~${seconds.toFixed(1)} s` : `~${Math.round(seconds / 60)} min`
}

/** Made now: one that cannot be written to would be told when all is measured. */
function folderNamed(folder: string): string {
  if (folder === '' || folder.startsWith('--'))
    throw new UserError(`--profile needs a folder\n${USAGE}`)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new UserError(`--profile ${folder}: ${messageOf(error)}`)
  }
  return folder
}

/** Where the samples of a workload go. */
function fileFor(path: string, folder: string): string {
  return join(folder, `${path.replaceAll('/', '-')}.cpuprofile`)
}

function print(measured: Measured | UpstreamMeasured | undefined): void {
  process.stdout.write(`${JSON.stringify(measured ?? null)}\n`)
}

function inProcess<T>(flag: string, path: string, more: readonly string[]): T | undefined {
  const runner = join(import.meta.dirname, 'run.ts')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...process.execArgv, runner, 'scheduler', flag, path, ...more],
    { encoding: 'utf8', timeout: LIMIT_MS },
  )
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  process.stderr.write(`${path}: ${stderr.slice(-2000)}\n`)
  return undefined
}

function line(name: string, ...cells: (string | number)[]): void {
  process.stdout.write(`${name.padEnd(48)}${cells.map(cell => `${cell}`.padStart(12)).join('')}\n`)
}
