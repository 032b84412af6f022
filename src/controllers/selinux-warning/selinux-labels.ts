/** The SELinux labels of pods' volumes, as far as pods say them: what nodes fill in is not known here, and conflicts with nothing. */
import type { Pod } from '#api/core/v1/pod/pod.ts'

export type ChangePolicy = 'MountOption' | 'Recursive'

/** `user:role:type:level`; empty where a pod says nothing. Undefined where containers of one pod differ. */
export function volumeLabelOf({ spec }: Pod, volume: string): string | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const labels = new Set(
    containers
      .filter(({ volumeMounts }) => volumeMounts?.some(({ name }) => name === volume))
      .map(({ securityContext }) =>
        labelOf(securityContext?.seLinuxOptions ?? spec.securityContext?.seLinuxOptions),
      ),
  )
  return labels.size > 1 ? undefined : ([...labels][0] ?? '')
}

type Options = NonNullable<NonNullable<Pod['spec']['securityContext']>['seLinuxOptions']>

function labelOf(options: Options | undefined): string {
  const { user = '', role = '', type = '', level = '' } = options ?? {}
  const label = [user, role, type, level].join(':')
  return label === ':::' ? '' : label
}

/** True when a part that both name differs. */
export function labelsConflict(a: string, b: string): boolean {
  const [partsA, partsB] = [partsOf(a), partsOf(b)]
  return partsA.some((part, index) => part && partsB[index] && part !== partsB[index])
}

/** A level has colons of its own. */
function partsOf(label: string): string[] {
  const parts = label.split(':')
  return [...parts.slice(0, 3), parts.slice(3).join(':')]
}

export function changePolicyOf({ spec }: Pod): ChangePolicy {
  return spec.securityContext?.seLinuxChangePolicy === 'Recursive' ? 'Recursive' : 'MountOption'
}
