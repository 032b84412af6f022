/** How many replicas which cluster is to have: the annotation `…-preferences` of a workload. */
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf, UserError } from '#base/errors.ts'

export interface ClusterPreferences {
  readonly minReplicas: number
  /** None where absent. */
  readonly maxReplicas?: number
  /** The share of what is left when everybody has the minimum. */
  readonly weight: number
}

export interface Preferences {
  /** Whether replicas that run may be moved to come closer to the weights. */
  readonly rebalance: boolean
  /** By name; `*` is for those that are not named. */
  readonly clusters: Readonly<Record<string, ClusterPreferences>>
}

/** Alike in all clusters. */
export const DEFAULT_PREFERENCES: Preferences = {
  rebalance: false,
  clusters: { '*': { minReplicas: 0, weight: 1 } },
}

/** So that no product with a number of replicas leaves the whole numbers. */
const MOST_WEIGHT = 1_000_000
const MOST_REPLICAS = 2 ** 31 - 1

/** Throws a UserError that says what is wrong. */
export function parsePreferences(text: string): Preferences {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError(`no JSON: ${messageOf(error)}`)
  }
  if (!isPlainObject(value)) throw new UserError('no JSON object')
  const { rebalance = false, clusters = {} } = value
  if (typeof rebalance !== 'boolean') throw new UserError('rebalance is neither true nor false')
  if (!isPlainObject(clusters)) throw new UserError('clusters is no object')
  const parsed = Object.entries(clusters).map(
    ([name, wanted]) => [name, clusterPreferences(name, wanted)] as const,
  )
  return { rebalance, clusters: Object.fromEntries(parsed) }
}

function clusterPreferences(name: string, value: unknown): ClusterPreferences {
  const at = `clusters[${JSON.stringify(name)}]`
  if (!isPlainObject(value)) throw new UserError(`${at} is no object`)
  const number = (field: string, most: number) => {
    const given = value[field] ?? undefined
    if (given === undefined) return undefined
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= most)
      return given
    throw new UserError(`${at}.${field} is no whole number from 0 to ${most}`)
  }
  const minReplicas = number('minReplicas', MOST_REPLICAS) ?? 0
  const maxReplicas = number('maxReplicas', MOST_REPLICAS)
  const weight = number('weight', MOST_WEIGHT) ?? 0
  return { minReplicas, weight, ...(maxReplicas === undefined ? {} : { maxReplicas }) }
}
