/** What all checks of pods have in common: what they look at, and the words in which they tell what is wrong. */
import type { Container, EphemeralContainer, PodSpec } from '#api/core/v1/pod/pod.ts'
import type { Level } from './policy.ts'

export type AnyContainer = Container | EphemeralContainer

export interface CheckedPod {
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  /** All kinds of containers, in the order in which they are told of. */
  readonly containers: readonly AnyContainer[]
}

/** In a few words, and what exactly. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

export type Rule = (pod: CheckedPod) => Violation | undefined

export interface Check {
  readonly id: string
  readonly level: Exclude<Level, 'privileged'>
  /** The rule by the minor version of Kubernetes since which it holds; rising. */
  readonly since: readonly (readonly [minor: number, rule: Rule])[]
  /** The check that this one takes the place of, at the stricter level. */
  readonly replaces?: string
}

export function checkedPod(
  metadata: { readonly annotations?: Readonly<Record<string, string>> } | undefined,
  spec: PodSpec,
): CheckedPod {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec
  return {
    annotations: metadata?.annotations ?? {},
    spec,
    containers: [...initContainers, ...containers, ...ephemeralContainers],
  }
}

export const plural = (count: number, one: string, many: string) => (count === 1 ? one : many)

/** `"a", "b"` */
export const quoted = (texts: readonly string[]) => texts.map(text => `"${text}"`).join(', ')

/** Each once, in order. */
export const sorted = (texts: readonly string[]) => [...new Set(texts)].toSorted()

/** `containers "a", "b"` */
export function named(containers: readonly { readonly name: string }[]): string {
  const names = containers.map(({ name }) => name)
  return `${plural(names.length, 'container', 'containers')} ${quoted(names)}`
}

/** `pod and container "a"`: who says something wrong; undefined where nobody does. */
export function setters(
  isPod: boolean,
  containers: readonly { readonly name: string }[],
): string | undefined {
  const all = [...(isPod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])]
  return all.length === 0 ? undefined : all.join(' and ')
}

export const isOnWindows = ({ spec }: CheckedPod) => spec.os?.name === 'windows'

/** Root in such a pod is nobody on the node. */
export const hasOwnUsers = ({ spec }: CheckedPod) => spec.hostUsers === false

/** Holds but for pods of which that is true. */
export function unless(exempts: (pod: CheckedPod) => boolean, rule: Rule): Rule {
  return pod => (exempts(pod) ? undefined : rule(pod))
}
