/** Which Secrets, ConfigMaps and claims a pod names anywhere: a node may read those, and a pod made by a node may name none. */
import type { Pod } from './pod.ts'

export interface PodReferences {
  readonly secrets: ReadonlySet<string>
  readonly configMaps: ReadonlySet<string>
  readonly claims: ReadonlySet<string>
  /** ResourceClaims, also those that were made for the pod. */
  readonly deviceClaims: ReadonlySet<string>
}

export function referencesOf(pod: Pod): PodReferences {
  const secrets = new Set<string>()
  const configMaps = new Set<string>()
  const claims = new Set<string>()
  const deviceClaims = new Set<string>()
  const add = (to: Set<string>, name: string | undefined | null) => name && to.add(name)
  const { spec, status } = pod
  for (const { name, resourceClaimName } of spec.resourceClaims ?? []) {
    add(deviceClaims, resourceClaimName)
    if (!resourceClaimName)
      add(
        deviceClaims,
        status?.resourceClaimStatuses?.find(made => made.name === name)?.resourceClaimName,
      )
  }
  add(deviceClaims, status?.extendedResourceClaimStatus?.resourceClaimName)
  for (const { name } of spec.imagePullSecrets ?? []) add(secrets, name)
  // All three lists: a rule over "the containers" that forgets one of them is a hole.
  for (const container of [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const { valueFrom } of container.env ?? []) {
      add(secrets, valueFrom?.secretKeyRef?.name)
      add(configMaps, valueFrom?.configMapKeyRef?.name)
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add(secrets, secretRef?.name)
      add(configMaps, configMapRef?.name)
    }
  }
  for (const volume of spec.volumes ?? []) {
    add(configMaps, volume.configMap?.name)
    add(claims, volume.persistentVolumeClaim?.claimName)
    if (volume.ephemeral) add(claims, `${pod.metadata.name}-${volume.name}`)
    for (const { secret, configMap } of volume.projected?.sources ?? []) {
      add(secrets, secret?.name)
      add(configMaps, configMap?.name)
    }
    for (const name of secretsOfVolume(volume)) secrets.add(name)
  }
  return { secrets, configMaps, claims, deviceClaims }
}

/** Volume types name their secrets in one of four fields, at their top level. */
function* secretsOfVolume(volume: object): Generator<string> {
  for (const source of Object.values(volume)) {
    if (typeof source !== 'object' || source === null) continue
    const { secretName, secretRef, nodePublishSecretRef } = source
    if (typeof secretName === 'string' && secretName) yield secretName
    for (const reference of [secretRef, nodePublishSecretRef])
      if (typeof reference?.name === 'string' && reference.name) yield reference.name
  }
}
