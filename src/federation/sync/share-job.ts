/**
 * How a job is shared out. Completions of a job that exists can hardly be changed, so what a cluster has been given once stays with it; only what nobody
 * has yet is given to clusters that have no copy. Parallelism follows the completions.
 */
import { planReplicas } from '../placement/planner.ts'
import type { ClusterView, DecisionInput } from './decide.ts'
import { specOf } from './fields.ts'

export type JobShare = { readonly parallelism: number; readonly completions?: number }

export function shareJob(
  { object, preferences, remembered }: DecisionInput,
  wanted: readonly ClusterView[],
): [string, JobShare][] {
  const { completions, parallelism = 1 } = specOf(object) as {
    completions?: number
    parallelism?: number
  }
  const key = `${object.metadata.namespace}/${object.metadata.name}`
  const plan = (replicas: number, clusters: readonly ClusterView[]) =>
    planReplicas({
      replicas,
      preferences,
      clusters: clusters.map(({ name }) => name),
      current: new Map(),
      capacity: new Map(),
      key,
    }).replicas
  const isFree = ({ name, copy, state, isSynced, blocked }: ClusterView) =>
    state === 'Ready' &&
    isSynced &&
    !copy &&
    blocked === undefined &&
    // It was given a share already, and its copy was taken away there: it gets the same one again.
    remembered[name]?.completions === undefined
  if (completions === undefined) {
    const usable = wanted.filter(cluster => cluster.copy || isFree(cluster))
    const planned = plan(parallelism, usable)
    return usable.flatMap(({ name, copy }) => {
      const count = planned.get(name) ?? 0
      return count > 0 || copy ? [[name, { parallelism: count }] as [string, JobShare]] : []
    })
  }
  const given = new Map<string, number>()
  for (const { name, copy } of wanted) {
    const own = copy ? specOf(copy).completions : remembered[name]?.completions
    if (typeof own === 'number') given.set(name, own)
  }
  const left = completions - [...given.values()].reduce((sum, count) => sum + count, 0)
  if (left > 0)
    for (const [name, count] of plan(left, wanted.filter(isFree)))
      if (count > 0) given.set(name, count)
  const atOnce = (count: number) =>
    parallelism === 0 ? 0 : Math.max(1, Math.round((parallelism * count) / completions))
  return [...given].map(([name, count]) => [
    name,
    { completions: count, parallelism: atOnce(count) },
  ])
}
