/** OpenAPI documents of the two servers, held against each other but for their words. */
import { differences, type Shown } from './differences.ts'
import type { Told } from './pair.ts'
import { GIVEN } from './variants/published-schemas.ts'

/** Upstream's, then Proa's. */
export type Both = readonly [Shown, Shown]

export const picked = (all: Shown, is: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => is(name)))

export function differing(both: Both, pick: (shown: Shown) => unknown): string[] {
  const [upstream = '', proa = ''] = both.map(shown => JSON.stringify(sorted(pick(shown)) ?? null))
  return differences(upstream, proa)
}

/** With parameters where they are referred to, and marked so: their names tell a hash of their words. */
export function read({ text }: Told): Shown {
  const { parameters, ...document } = JSON.parse(text)
  if (!parameters) return document
  const at = ({ $ref }: Shown) => ({ ...parameters[$ref.slice('#/parameters/'.length)], $ref: '' })
  return JSON.parse(JSON.stringify(document), (_, value) =>
    value?.$ref?.startsWith?.('#/parameters/') ? at(value) : value,
  )
}

/** Media types, and the versions to which a type belongs, of which upstream names those that it serves no longer. */
const UNORDERED = new Set(['consumes', 'produces'])
const OF_BOTH = /"group":"(|apps|batch|autoscaling|policy)"/

/** In one order, as neither server promises any; texts that are the servers' own words are only said to be there. */
function sorted(value: Shown, name = ''): Shown {
  if (name === 'description' && typeof value === 'string')
    return value.startsWith(GIVEN) ? value : 'TEXT'
  if (typeof value !== 'object' || value === null) return value
  if (UNORDERED.has(name)) return value.toSorted()
  if (name === 'x-kubernetes-group-version-kind' && value.length > 10)
    return value.filter(
      (each: Shown) => OF_BOTH.test(JSON.stringify(each)) && !/beta/.test(each.version),
    )
  if (Array.isArray(value)) return value.map(each => sorted(each))
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sorted(value[key], key)]),
  )
}
