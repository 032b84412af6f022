/** Runs upstream's suite with ginkgo, and gives its report. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Outcome, outcomesOf } from './report.ts'

export interface Pass {
  /** Names its folder. */
  readonly name: string
  /** A filter of labels, which tests have to pass besides focus and skip. */
  readonly labels: string
  readonly processes: number
}

export interface SuiteOptions {
  /** Regular expressions on the names of tests. */
  readonly focus: string
  readonly skip: string
  readonly e2e: string
  readonly ginkgo: string
  readonly kubeconfig: string
  readonly nodeCount: number
  readonly output: string
  /** As Go writes it. */
  readonly timeout: string
  /** Aborting ends the run; what ran until then is reported. */
  readonly signal: AbortSignal
}

/** Tests that tolerate others beside them, and then those that do not. */
export const passes = (labels: string, processes: number): readonly Pass[] => [
  { name: 'parallel', labels: `(${labels}) && !Serial`, processes },
  { name: 'serial', labels: `(${labels}) && Serial`, processes: 1 },
]

/** Time for tests to clean up after themselves when the run is cut off. */
const GRACE_MS = 60_000

export async function runPass(pass: Pass, options: SuiteOptions): Promise<Outcome[]> {
  const directory = join(options.output, pass.name)
  mkdirSync(directory, { recursive: true })
  const report = join(directory, 'report.json')
  const child = spawn(options.ginkgo, ginkgoWords(pass, options, report), {
    cwd: directory,
    // A group of its own: what is left of it can be ended without touching anything else.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(directory, 'log'))
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false })
  await ended(child, options.signal)
  log.end()
  if (!existsSync(report)) return [noReport(pass, directory)]
  return outcomesOf(readFileSync(report, 'utf8'))
}

/** A failure like others, so that what another pass has found is told all the same. */
const noReport = ({ name }: Pass, directory: string): Outcome => ({
  name: `[Suite] the pass ${name} left no report`,
  group: 'suite',
  state: 'failed',
  message: `${join(directory, 'log')} may say why`,
  seconds: 0,
})

function ginkgoWords(pass: Pass, options: SuiteOptions, report: string): string[] {
  const kubectl = spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).stdout.trim()
  return [
    `--procs=${pass.processes}`,
    `--label-filter=${pass.labels}`,
    ...(options.focus === '' ? [] : [`--focus=${options.focus}`]),
    ...(options.skip === '' ? [] : [`--skip=${options.skip}`]),
    `--timeout=${options.timeout}`,
    // Beside the suite's program otherwise, whatever the path.
    `--output-dir=${dirname(report)}`,
    `--json-report=${basename(report)}`,
    '--no-color',
    '--silence-skips',
    '-v',
    options.e2e,
    '--',
    `--kubeconfig=${options.kubeconfig}`,
    `--kubectl-path=${kubectl}`,
    '--provider=skeleton',
    // Of several processes only the first would count them, and the others leave out what wants two.
    `--num-nodes=${options.nodeCount}`,
    '--dump-logs-on-failure=false',
    '--disable-log-dump',
  ]
}

async function ended(child: ChildProcess, signal: AbortSignal): Promise<void> {
  const exit = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve())
    child.once('error', reject)
  })
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    // As a terminal does: ginkgo and the suites that it started, which then write what they have.
    signalGroup(child, 'SIGINT')
    timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS)
  }
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  try {
    await exit
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    signalGroup(child, 'SIGKILL')
  }
}

/** Whatever of the run's own processes is still there. */
function signalGroup({ pid }: ChildProcess, signal: 'SIGINT' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // All of it is gone.
  }
}
