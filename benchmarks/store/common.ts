import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Store } from '#store'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'

/** About a small pod. */
export const VALUE_BYTES = 1000

export const openAt = (directory: string): Promise<Store> =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog })

export function say(what: string, figure: string): void {
  console.log(`${what.padEnd(50)} ${figure}`)
}

export const whole = (number: number): string => Math.round(number).toLocaleString('en')

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
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
