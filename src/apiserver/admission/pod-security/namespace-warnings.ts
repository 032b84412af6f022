/** Which pods of a namespace break the standard that it is about to enforce. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { checkedPod } from './check.ts'
import { findingOf } from './checks.ts'
import { type Standard, standardText } from './policy.ts'

/** As many are looked at; a namespace with more has many alike. */
const MAXIMUM_PODS = 3000

export function warningsFor(
  namespace: string,
  standard: Standard,
  pods: readonly Pod[],
): readonly string[] {
  const looked = differentFirst(pods).slice(0, MAXIMUM_PODS)
  const names = new Map<string, string[]>()
  for (const { metadata, spec } of looked) {
    const finding = findingOf(standard, checkedPod(metadata, spec))
    if (!finding) continue
    const known = names.get(finding.reasons) ?? []
    names.set(finding.reasons, [...known, metadata.name ?? ''])
  }
  const first =
    looked.length < pods.length
      ? [
          `new PodSecurity enforce level only checked against the first ${looked.length} of ${pods.length} existing pods`,
        ]
      : []
  if (names.size === 0) return first
  return [
    ...first,
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${standardText(standard)}"`,
    ...[...names].map(([reasons, all]) => `${told(all.toSorted())}: ${reasons}`).toSorted(),
  ]
}

/** `web (and 2 other pods)` */
function told([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return first
  return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`
}

/** One pod of each controller, then the rest, which are mostly like it. */
function differentFirst(pods: readonly Pod[]): readonly Pod[] {
  const controllers = new Set<string>()
  const [different, alike]: [Pod[], Pod[]] = [[], []]
  for (const pod of pods) {
    const uid = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid
    if (uid !== undefined && controllers.has(uid)) alike.push(pod)
    else different.push(pod)
    if (uid !== undefined) controllers.add(uid)
  }
  return [...different, ...alike]
}
