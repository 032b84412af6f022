import fc from 'fast-check'
import type { Change } from '../store.ts'
import { decode } from './recorder.ts'

/** One step of a random life of a store. Fractions stand for revisions, which are not known beforehand. */
export type Step =
  | { type: 'commit'; changes: { key: string; value: string | null; expected?: Expectation }[] }
  | { type: 'list'; prefix: string; at: number; limit: number; start: string }
  | { type: 'compact'; at: number }

type Expectation = 'missing' | 'current' | 'wrong'

const key = fc.constantFrom('/a', '/a/1', '/a/2', '/b/1', '/b/2', '/b/3')
const change = fc.record(
  {
    key,
    value: fc.option(fc.string({ maxLength: 3 }), { freq: 3 }),
    expected: fc.constantFrom<Expectation>('missing', 'current', 'wrong'),
  },
  { requiredKeys: ['key', 'value'] },
)
const fraction = fc.double({ min: 0, max: 1, noNaN: true })

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('commit' as const),
        changes: fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: one => one.key }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('list' as const),
        prefix: fc.constantFrom('', '/a', '/a/', '/b/', '/c'),
        at: fraction,
        limit: fc.integer({ min: 0, max: 3 }),
        start: fc.constantFrom('', '/a/15', '/b/2', '/z'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), at: fraction }) },
  ),
  { maxLength: 30 },
)

interface Held {
  readonly value: string
  readonly revision: number
}

/** A store so simple that it is right at sight: a whole copy of everything for each revision. */
export class NaiveStore {
  readonly #states: ReadonlyMap<string, Held>[] = [new Map()]
  compacted = 0

  get revision(): number {
    return this.#states.length - 1
  }

  expectation(of: string, expected: Expectation): number {
    const current = this.#now.get(of)?.revision ?? 0
    return { missing: 0, current, wrong: current + 1000 }[expected]
  }

  commit(changes: readonly Change[]): boolean {
    const isMet = changes.every(
      ({ key, expected }) =>
        expected === undefined || expected === (this.#now.get(key)?.revision ?? 0),
    )
    if (!isMet) return false
    const next = new Map(this.#now)
    let isChanged = false
    for (const { key, value } of changes) {
      if (value === null) isChanged = next.delete(key) || isChanged
      else {
        next.set(key, { value: decode(value) ?? '', revision: this.revision + 1 })
        isChanged = true
      }
    }
    if (isChanged) this.#states.push(next)
    return true
  }

  list(prefix: string, options: { revision: number; limit: number; start?: string }) {
    const { revision, limit, start = '' } = options
    if (revision > this.revision) return 'FutureRevisionError'
    if (revision < this.compacted) return 'CompactedError'
    const all = [...(this.#states[revision] ?? [])]
      .filter(([key]) => key.startsWith(prefix) && key >= start)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { value }]) => `${key}=${value}`)
    const shown = limit === 0 ? all : all.slice(0, limit)
    return { shown, remaining: all.length - shown.length }
  }

  compact(revision: number): void {
    this.compacted = Math.max(this.compacted, revision)
  }

  get #now(): ReadonlyMap<string, Held> {
    return this.#states.at(-1) ?? new Map()
  }
}
