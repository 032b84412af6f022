/** What a driver asks of nodes in its CSIDriver object; upstream's defaults for one that has none. */
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import type { Informers } from '#client/informer.ts'

export interface DriverWishes {
  readonly attachRequired: boolean
  readonly podInfoOnMount: boolean
  readonly requiresRepublish: boolean
  readonly lifecycleModes: readonly string[]
  readonly fsGroupPolicy: string
  readonly tokenRequests: readonly {
    readonly audience: string
    readonly expirationSeconds?: number | string | bigint
  }[]
  readonly tokensAsSecrets: boolean
}

/** Watched from the first volume of a driver on. */
export async function driverWishes(informers: Informers, name: string): Promise<DriverWishes> {
  const drivers = informers.for(csiDriver)
  await drivers.synced
  const { spec } = drivers.get(name) ?? {}
  return {
    attachRequired: spec?.attachRequired ?? true,
    podInfoOnMount: spec?.podInfoOnMount ?? false,
    requiresRepublish: spec?.requiresRepublish ?? false,
    lifecycleModes: spec?.volumeLifecycleModes ?? ['Persistent'],
    fsGroupPolicy: spec?.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
    tokenRequests: spec?.tokenRequests ?? [],
    tokensAsSecrets: spec?.serviceAccountTokenInSecrets ?? false,
  }
}
