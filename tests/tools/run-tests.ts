/** Runs test files in Node's own runner and prints a closing line that counts them. */
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { projectRoot } from '../tidy/sources.ts'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Longer than any file takes on a busy machine, and far below what a whole run may take. */
const FILE_TIMEOUT_MS = 20 * 60_000

/** Fewer files than these do not need a list. */
const LONGEST_SHOWN = 25

/** How much sooner a test of a file is ended than the file, so that it is the test that is named, and the others still tell how they went. */
const SOONER = 0.9

/** Test files that match these patterns, from the project's root. */
export function testFiles(...patterns: string[]): string[] {
  return patterns
    .flatMap(pattern => globSync(pattern, { cwd: projectRoot }))
    .sort()
    .map(path => join(projectRoot, path))
}

/** Files of which at most `atOnce` run at the same time, in their order. */
export interface Queue {
  readonly files: readonly string[]
  readonly atOnce: number
  /** Over before queues begin that are not, so that nothing else of ours is at work. */
  readonly isFirst?: boolean
}

/**
 * Runs the files of all queues, which go on beside each other, each file in a process of its own; shows every result, and counts. A file
 * that crashes has failed; a test that hangs is ended and so is a file, which is also what happens to a file that leaves sockets or timers
 * behind.
 */
export async function runTests(
  queues: readonly Queue[],
  fileTimeoutMs = FILE_TIMEOUT_MS,
): Promise<Counts> {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const reporter = new spec()
  const shown = pipeline(reporter, process.stdout, { end: false })
  const forget = shareCompiledCode()
  const times: { file: string; seconds: number }[] = []
  const runner = async (waiting: string[]) => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const from = performance.now()
      const events = await eventsOf(file, fileTimeoutMs)
      times.push({ file, seconds: (performance.now() - from) / 1000 })
      for (const event of events) count(event, file, total)
      // All of a file together, so that nothing of its neighbour comes between.
      for (const event of events) if (!isSummary(event)) reporter.write(event)
    }
  }
  const runAll = async (some: readonly Queue[]) => {
    const runners = some.flatMap(({ files, atOnce }) => {
      const waiting = [...files]
      return Array.from({ length: atOnce }, () => runner(waiting))
    })
    await Promise.all(runners)
  }
  await runAll(queues.filter(({ isFirst }) => isFirst))
  await runAll(queues.filter(({ isFirst }) => !isFirst))
  reporter.end()
  await shown
  forget()
  process.stdout.write(slowest(times))
  return total
}

/** What to look at when a run takes long, a file per line, in seconds. */
function slowest(times: readonly { file: string; seconds: number }[]): string {
  const sorted = times.toSorted((a, b) => b.seconds - a.seconds).slice(0, LONGEST_SHOWN)
  const lines = sorted.map(
    ({ file, seconds }) => `  ${seconds.toFixed(1)} ${relative(projectRoot, file)}\n`,
  )
  return lines.length < LONGEST_SHOWN ? '' : `longest files, in seconds:\n${lines.join('')}`
}

/** Hundreds of processes load much the same modules: what one of them has compiled spares the next half a second. */
function shareCompiledCode(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'proa-compiled-'))
  process.env.NODE_COMPILE_CACHE = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

async function eventsOf(file: string, timeoutMs: number): Promise<TestEvent[]> {
  const events: TestEvent[] = []
  const signal = AbortSignal.timeout(timeoutMs)
  const timeout = Math.round(timeoutMs * SOONER)
  for await (const event of run({ files: [file], signal, timeout })) events.push(event)
  return events
}

function count({ type, data }: TestEvent, file: string, total: Writable<Counts>): void {
  if (type !== 'test:pass' && type !== 'test:fail') return
  const isSuite = data.details.type === 'suite'
  if (type === 'test:fail') {
    if (!isSuite) total.failed++
  } else if (data.skip !== undefined) total.skipped++
  // A file without any test stands for itself; that it ended well says nothing.
  else if (data.name === file) total.skipped++
  else if (!isSuite) total.passed++
}

/** What Node says at the end of each file's run; ours comes once. */
const isSummary = ({ type, data }: TestEvent) =>
  type === 'test:summary' || (type === 'test:diagnostic' && data.file === undefined)

/** The line by which a reader, or CI, sees how many tests ran. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
