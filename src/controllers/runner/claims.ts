/** The claims that pods use, as an index. */
import { claimKeysOf } from '#api/core/v1/pod/claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Informer } from '#client/informer.ts'

export { claimKeysOf, ephemeralClaimName, isMadeFor } from '#api/core/v1/pod/claims.ts'

export const BY_CLAIM = 'claim'

/** Files pods under `namespace/name` of each claim that they use. */
export function indexByClaim(pods: Informer<Pod>): void {
  pods.addIndex(BY_CLAIM, claimKeysOf)
}
