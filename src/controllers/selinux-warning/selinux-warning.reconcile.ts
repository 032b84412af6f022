/**
 * Pods that share a volume under different SELinux labels: once volumes are mounted with a label, only one of them could use it on a
 * node. Both are told; of pods in other namespaces no names.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { isFinished } from '../runner/pods.ts'
import { changePolicyOf, labelsConflict, volumeLabelOf } from './selinux-labels.ts'

export interface UsedVolume {
  /** Under which the pod knows it. */
  readonly name: string
  /** The driver mounts with a label. */
  readonly isMountedWithLabel: boolean
  /** The other pods that use the volume, and under which name. */
  readonly others: readonly { readonly pod: Pod; readonly name: string }[]
}

export function reconcile(pod: Pod, volumes: readonly UsedVolume[]): Outcome {
  if (isFinished(pod)) return { writes: [] }
  return { writes: volumes.flatMap(volume => conflictsOf(pod, volume)) }
}

interface Use {
  readonly pod: Pod
  readonly SELinuxLabel: string
  readonly SELinuxChangePolicy: string
}

function conflictsOf(pod: Pod, { name, isMountedWithLabel, others }: UsedVolume): Write[] {
  const own = useOf(pod, name, isMountedWithLabel)
  if (!own) return [twice(pod, name)]
  return others
    .filter(other => !isFinished(other.pod))
    .flatMap(other => {
      const use = useOf(other.pod, other.name, isMountedWithLabel)
      return use ? between(own, use) : []
    })
}

function useOf(pod: Pod, volume: string, isMountedWithLabel: boolean): Use | undefined {
  const label = volumeLabelOf(pod, volume)
  if (label === undefined) return undefined
  const isMount = isMountedWithLabel && label !== '' && changePolicyOf(pod) === 'MountOption'
  return {
    pod,
    SELinuxLabel: isMount ? label : '',
    SELinuxChangePolicy: isMount ? 'MountOption' : 'Recursive',
  }
}

function between(a: Use, b: Use): Write[] {
  const writes: Write[] = []
  if (a.SELinuxChangePolicy !== b.SELinuxChangePolicy)
    writes.push(told('SELinuxChangePolicy', a, b), told('SELinuxChangePolicy', b, a))
  if (labelsConflict(a.SELinuxLabel, b.SELinuxLabel))
    writes.push(told('SELinuxLabel', a, b), told('SELinuxLabel', b, a))
  return writes
}

function told(property: 'SELinuxLabel' | 'SELinuxChangePolicy', about: Use, other: Use): Write {
  const { namespace, name } = other.pod.metadata
  const what = `${property} ${quoted(about[property])} conflicts with`
  const isNear = namespace === about.pod.metadata.namespace
  const whom = isNear
    ? `pod ${name} that uses the same volume as this pod with ${property} ${quoted(other[property])}`
    : `another pod that uses the same volume as this pod with a different ${property}`
  const message = `${what} ${whom}. If both pods land on the same node, only one of them may access the volume.`
  return {
    verb: 'event',
    about: about.pod,
    type: 'Normal',
    reason: `${property}Conflict`,
    text: { message },
  }
}

const quoted = (text: string): string => `"${text}"`

function twice(pod: Pod, volume: string): Write {
  const message = `Volume ${JSON.stringify(volume)} is mounted twice with different SELinux labels inside this pod`
  return {
    verb: 'event',
    about: pod,
    type: 'Warning',
    reason: 'MultipleSELinuxLabels',
    text: { message },
  }
}
