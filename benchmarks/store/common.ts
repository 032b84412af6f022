import { readFileSync } from 'node:fs'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Store } from '#store'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'

/** About a small pod. */
export const VALUE_BYTES = 1000

export const openAt = (directory: string): Promise<Store> =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog })

/** A measured figure, and beside it the one that is asked for, where there is one. */
export function say(what: string, figure: string, asked?: string): void {
  console.log(`${what.padEnd(50)} ${figure}${asked === undefined ? '' : ` [asked: ${asked}]`}`)
}

export const whole = (number: number): string => Math.round(number).toLocaleString('en')

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Slices take turns, so that a disk or a machine that others use, too, treats both alike. */
const SLICE_MS = 400
const ROUNDS = 15
/** Each works for so long before it counts: a disk that served nobody may take a quarter of a second to come up to speed. */
const WARM_UP_MS = 250
/** Rounds in which others computed for more than that share of a processor count only where there are not enough of the rest. */
const MOST_OF_OTHERS = 0.15
const MOST_ROUNDS = 31

export interface Measured {
  /** What was done a second. */
  readonly rate: number
  /** Processor time of the process that did it, all threads together. */
  readonly processorMs: number
}

/** Works for so many milliseconds. */
export type Measure = (ms: number) => Promise<Measured>

/** Of work in this process, which says what it did a second. */
export function inThisProcess(work: (ms: number) => number | Promise<number>): Measure {
  return async ms => {
    const before = process.cpuUsage()
    const rate = await work(ms)
    const { user, system } = process.cpuUsage(before)
    return { rate, processorMs: (user + system) / 1000 }
  }
}

interface Slice {
  /** A second. */
  readonly rate: number
  /** Of the processor, for each. */
  readonly microseconds: number
  /** What others used meanwhile, as a share of one processor; 0 where the system does not say. */
  readonly others: number
}

async function slice(measure: Measure): Promise<Slice> {
  await measure(WARM_UP_MS)
  const busyBefore = busyMs()
  const start = performance.now()
  const { rate, processorMs } = await measure(SLICE_MS)
  const ms = performance.now() - start
  const others = (busyMs() - busyBefore - processorMs) / ms
  return { rate, microseconds: (1e6 * processorMs) / (rate * ms), others }
}

/** What all processors have computed since the machine started, as far as Linux says so. */
function busyMs(): number {
  if (process.platform !== 'linux') return 0
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const ticks = line.trim().split(/\s+/).slice(1).map(Number)
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0)
  return 10 * (ticks.reduce((sum, each) => sum + each, 0) - idle)
}

/** Says what ours reaches a second of what each of the others does in the same run, and the processor time for each, all threads together. */
export async function compare(
  { what, asked }: { what: string; asked?: string },
  measures: { readonly ours: Measure } & Readonly<Record<string, Measure>>,
): Promise<void> {
  const names = Object.keys(measures)
  const all: Record<string, Slice>[] = []
  const isQuiet = (round: Record<string, Slice>) =>
    Object.values(round).every(({ others }) => others <= MOST_OF_OTHERS)
  while (all.length < MOST_ROUNDS && all.filter(isQuiet).length < ROUNDS) {
    const round: Record<string, Slice> = {}
    // Whoever comes second finds the disk as the other left it.
    for (const name of all.length % 2 === 0 ? names : names.toReversed()) {
      round[name] = await slice(measures[name] as Measure)
    }
    all.push(round)
  }
  const quiet = all.filter(isQuiet)
  const rounds = quiet.length < ROUNDS ? all : quiet
  const middle = (of: (round: Record<string, Slice>) => number | undefined) =>
    median(rounds.map(round => of(round) ?? Number.NaN))
  const figures = (name: string) =>
    `${whole(middle(round => round[name]?.rate))}/s, processor ${middle(round => round[name]?.microseconds).toFixed(0)} µs each`
  const shares = names
    .filter(name => name !== 'ours')
    .map(name => {
      const share = middle(({ ours, [name]: other }) => (ours?.rate ?? 0) / (other?.rate ?? 0))
      return `${(share * 100).toFixed(0)} % of ${name} (${figures(name)})`
    })
  const disturbed =
    rounds === quiet
      ? ''
      : `; others used the machine in ${all.length - quiet.length} of the ${all.length} rounds`
  say(what, `${figures('ours')}: ${shares.join(', ')}${disturbed}`, asked)
}

/** Commits a second of so many writers, each of which waits for its last. */
export async function commits(store: Store, writers: number, lengthMs = SLICE_MS): Promise<number> {
  const start = performance.now()
  let count = 0
  const write = async (writer: number) => {
    while (performance.now() - start < lengthMs) {
      const key = `/registry/pods/ns-${writer}/pod-${count++ % 100}`
      const result = await store.commit([{ key, value: new Uint8Array(VALUE_BYTES) }])
      if (!result.ok) throw new Error('an unconditional write conflicted')
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  return (count / (performance.now() - start)) * 1000
}

/** Puts keys into a store, a thousand commits at a time. */
export async function fill(store: Store, keys: number): Promise<void> {
  for (let i = 0; i < keys; i += 1000) {
    const commits = Array.from({ length: Math.min(1000, keys - i) }, (_, n) =>
      store.commit([
        {
          key: `/registry/configmaps/ns-${n % 100}/cm-${i + n}`,
          value: new Uint8Array(VALUE_BYTES),
        },
      ]),
    )
    await Promise.all(commits)
  }
}
