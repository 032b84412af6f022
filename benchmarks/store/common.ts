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
export const SLICE_MS = 400
const ROUNDS = 7

/** Says what ours reaches a second of what is the limit in the same run, and the processor time of this process for each, all threads together. */
export async function compare(
  { what, asked }: { what: string; asked?: string },
  measure: Record<'limit' | 'ours', () => number | Promise<number>>,
): Promise<void> {
  const rates = { limit: [] as number[], ours: [] as number[] }
  const microseconds = { limit: [] as number[], ours: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever comes second finds the disk as the other left it.
    const order = round % 2 === 0 ? (['limit', 'ours'] as const) : (['ours', 'limit'] as const)
    for (const each of order) {
      const before = process.cpuUsage()
      const start = performance.now()
      const rate = await measure[each]()
      const { user, system } = process.cpuUsage(before)
      rates[each].push(rate)
      microseconds[each].push((1000 * (user + system)) / (rate * (performance.now() - start)))
    }
  }
  const ratio = median(rates.ours.map((figure, round) => figure / (rates.limit[round] ?? 0)))
  const at = (values: readonly number[]) => `${median(values).toFixed(0)} µs`
  say(
    what,
    `${whole(median(rates.ours))} commits/s of ${whole(median(rates.limit))}: ${(ratio * 100).toFixed(0)} %, processor ${at(microseconds.ours)} of ${at(microseconds.limit)} each`,
    asked,
  )
}

/** Commits a second of so many writers, each of which waits for its last. */
export async function commits(store: Store, writers: number): Promise<number> {
  const start = performance.now()
  let count = 0
  const write = async (writer: number) => {
    while (performance.now() - start < SLICE_MS) {
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
