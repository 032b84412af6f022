/**
 * How fast pods get their nodes, from the first create to the last binding, with API server, store, client and scheduler in one
 * process: the workloads of `scheduler/workloads.yaml`, each in a process of its own. Beside each rate stands what the same client
 * reaches in the same run when it binds the pods itself, without any scheduling: no scheduler can be faster than that here.
 * `npm run bench -- scheduler [--all] [PART OF A NAME …]`; without names, those for which a rate is asked.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  type Measured,
  readCases,
  runWithoutScheduling,
  runWorkload,
} from './scheduler/workload.ts'

/** One workload may take so long. */
const LIMIT_MS = 600_000

export async function run(words: readonly string[]): Promise<void> {
  const [first = '', second = ''] = words
  if (first === '--one') return print(await runWorkload(second))
  if (first === '--unscheduled') return print(await runWithoutScheduling(second))
  const all = words.includes('--all')
  const parts = words.filter(word => !word.startsWith('--'))
  const wanted = readCases().flatMap(({ name, workloads }) =>
    workloads
      .map(workload => ({ path: `${name}/${workload.name}`, goal: workload.goal }))
      .filter(({ path, goal }) =>
        parts.length > 0 ? parts.some(part => path.includes(part)) : all || goal !== undefined,
      ),
  )
  line('workload', 'pods/s', 'asked', 'unscheduled', 'attempt p50', 'p99', 'refused', 'CPU', 'RSS')
  for (const { path, goal } of wanted) {
    const measured = inProcess('--one', path)
    const limit = inProcess('--unscheduled', path)
    if (!measured) {
      line(path, 'failed', `${goal ?? ''}`, '', '', '', '', '', '')
      continue
    }
    line(
      path,
      Math.round(measured.podsPerSecond),
      goal ?? '',
      limit ? Math.round(limit.podsPerSecond) : '',
      `${measured.p50Ms.toFixed(2)} ms`,
      `${measured.p99Ms.toFixed(2)} ms`,
      measured.unschedulable,
      `${measured.cpuSeconds.toFixed(1)} s`,
      `${Math.round(measured.residentMegabytes)} MB`,
    )
  }
}

function print(measured: Measured): void {
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}

function inProcess(flag: string, path: string): Measured | undefined {
  const runner = join(import.meta.dirname, 'run.ts')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...process.execArgv, runner, 'scheduler', flag, path],
    { encoding: 'utf8', timeout: LIMIT_MS },
  )
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  process.stderr.write(`${path}: ${stderr.slice(-2000)}\n`)
  return undefined
}

function line(name: string, ...cells: (string | number)[]): void {
  process.stdout.write(`${name.padEnd(48)}${cells.map(cell => `${cell}`.padStart(13)).join('')}\n`)
}
