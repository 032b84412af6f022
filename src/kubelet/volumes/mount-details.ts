/** What containers say of the volumes that they have. */
import type { NameValue } from '../containers/environment.ts'
import { expand } from '../containers/expand.ts'
import { containersOf, type Pod, type Volume, type VolumeMount } from '../pod-types.ts'
import type { Mount } from '../runtime.ts'

/** Empty where all of the volume is mounted. Throws where its expression names a variable that the container lacks. */
export function subPathOf(mount: VolumeMount, environment: readonly NameValue[]): string {
  if (!mount.subPathExpr) return mount.subPath ?? ''
  const missing: string[] = []
  const path = expand(mount.subPathExpr, name => {
    const value = environment.find(variable => variable.name === name)?.value
    if (value === undefined) missing.push(name)
    return value
  })
  if (missing.length > 0)
    throw new Error(
      `missing value for "${missing[0]}" in subPathExpr of volume mount "${mount.name}"`,
    )
  return path
}

export function propagationOf(mount: VolumeMount): Mount['propagation'] {
  if (mount.mountPropagation === 'HostToContainer') return 'hostToContainer'
  return mount.mountPropagation === 'Bidirectional' ? 'bidirectional' : 'private'
}

/** Throws where it has to be and can't. */
export function isRecursivelyReadOnly(
  { name, readOnly, recursiveReadOnly }: VolumeMount,
  isPossible: boolean,
): boolean {
  if (!readOnly || !recursiveReadOnly || recursiveReadOnly === 'Disabled') return false
  if (recursiveReadOnly === 'Enabled' && !isPossible)
    throw new Error(
      `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is not supported by the runtime`,
    )
  return isPossible
}

/** Those of a pod's volumes that some container has: others are not mounted, so they need not even be there. */
export function usedVolumes(pod: Pod): readonly Volume[] {
  const volumes = pod.spec?.volumes ?? []
  if (volumes.length === 0) return volumes
  const used = new Set<string>()
  for (const { container } of containersOf(pod)) {
    for (const { name } of container.volumeMounts ?? []) used.add(name)
    for (const { name } of container.volumeDevices ?? []) used.add(name)
  }
  return volumes.filter(({ name }) => used.has(name))
}
