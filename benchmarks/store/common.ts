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

type Measure = () => number | Promise<number>

/** Says what ours reaches a second of what each of the others does in the same run, and the processor time of this process for each, all threads together. */
export async function compare(
  { what, asked }: { what: string; asked?: string },
  measures: { readonly ours: Measure } & Readonly<Record<string, Measure>>,
): Promise<void> {
  const names = Object.keys(measures)
  const rates: Record<string, number[]> = {}
  const microseconds: Record<string, number[]> = {}
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever comes second finds the disk as the other left it.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const before = process.cpuUsage()
      const start = performance.now()
      const rate = (await measures[name]?.()) ?? 0
      const { user, system } = process.cpuUsage(before)
      rates[name] = [...(rates[name] ?? []), rate]
      const each = (1000 * (user + system)) / (rate * (performance.now() - start))
      microseconds[name] = [...(microseconds[name] ?? []), each]
    }
  }
  const { ours = [] } = rates
  const figures = (name: string) =>
    `${whole(median(rates[name] ?? []))}/s, processor ${median(microseconds[name] ?? []).toFixed(0)} µs each`
  const shares = names
    .filter(name => name !== 'ours')
    .map(name => {
      const share = median(ours.map((rate, round) => rate / (rates[name]?.[round] ?? 0)))
      return `${(share * 100).toFixed(0)} % of ${name} (${figures(name)})`
    })
  say(what, `${figures('ours')}: ${shares.join(', ')}`, asked)
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
