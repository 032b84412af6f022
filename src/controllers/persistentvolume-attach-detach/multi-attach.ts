/** What pods are told whose volume is still on another node. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Write } from '../runner/controller.ts'

export function multiAttachErrors(
  { metadata }: PersistentVolume,
  waiting: readonly Pod[],
  users: readonly Pod[],
): Write[] {
  return waiting.map(about => {
    const holders = users.filter(
      ({ spec }) => spec.nodeName && spec.nodeName !== about.spec.nodeName,
    )
    const message = `Multi-Attach error for volume ${JSON.stringify(metadata.name)} ${whyNot(about, holders)}`
    return {
      verb: 'event',
      about,
      type: 'Warning',
      reason: 'FailedAttachVolume',
      text: { message },
    }
  })
}

/** Names of pods are nobody's business in other namespaces. */
function whyNot(about: Pod, holders: readonly Pod[]): string {
  if (holders.length === 0)
    return "Volume is already exclusively attached to one node and can't be attached to another"
  const near = holders.filter(({ metadata }) => metadata.namespace === about.metadata.namespace)
  const far = holders.length - near.length
  if (near.length === 0) return `Volume is already used by ${far} pod(s) in different namespaces`
  const names = near.map(({ metadata }) => metadata.name).toSorted()
  const more = far > 0 ? ` and ${far} pod(s) in different namespaces` : ''
  return `Volume is already used by pod(s) ${names.join(', ')}${more}`
}
