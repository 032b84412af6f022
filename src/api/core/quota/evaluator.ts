/** How objects of one resource count towards quotas. Pure, so that admission and the controller of quotas agree. */
import type { KubernetesObject } from '../../machinery/metadata.ts'
import type { ResourceList } from '../../machinery/resource-list.ts'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../v1/resource-quota.ts'

/** A write, as far as quotas look at it. */
export interface QuotaWrite {
  readonly operation: string
  readonly subresource: string
  readonly object?: KubernetesObject
  readonly oldObject?: KubernetesObject
}

export interface QuotaEvaluator {
  /** The write may change what is used. */
  handles(write: QuotaWrite): boolean
  /** Objects of this resource count towards this name in a quota's `hard`. */
  measures(name: string): boolean
  /** Absent where objects are in no scope at all. */
  isInScope?(object: KubernetesObject, scope: ScopedResourceSelectorRequirement): boolean
  /** What an object must say because a quota limits these names; undefined where all is said. */
  missing?(object: KubernetesObject, names: readonly string[]): string | undefined
  /** `now` in milliseconds since the epoch. */
  usage(object: KubernetesObject, now: number): ResourceList
}

/** The quota limits something of this object, which is in all of its scopes. */
export function matchesQuota(
  evaluator: QuotaEvaluator,
  { spec, status }: ResourceQuota,
  object: KubernetesObject,
): boolean {
  if (!Object.keys(status.hard ?? {}).some(name => evaluator.measures(name))) return false
  return scopesOf(spec).every(scope => evaluator.isInScope?.(object, scope) ?? false)
}

/** All in which an object must be for a quota to count it. */
export function scopesOf({ scopes = [], scopeSelector }: ResourceQuota['spec']) {
  return [
    ...scopes.map(scopeName => ({ scopeName, operator: 'Exists' }) as const),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
}

/** Of scopes with values: one of the names, of which there may be none, is what the selector asks for. */
export function matchesNames(
  { operator, values = [] }: ScopedResourceSelectorRequirement,
  names: readonly string[],
): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0
    case 'DoesNotExist':
      return names.length === 0
    case 'In':
      return names.some(name => values.includes(name))
    case 'NotIn':
      return names.length === 0 || names.some(name => !values.includes(name))
  }
}
