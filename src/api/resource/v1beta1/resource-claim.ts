import { convertedVersion } from '../../machinery/other-version.ts'
import { type ResourceClaim as Stored, resourceClaim as stable } from '../v1/resource-claim.ts'
import { claimFromStored, claimToStored } from './conversion.ts'
import { defaultFlatRequests } from './defaults.ts'
import { type ResourceClaim, resourceClaimShape } from './schema.ts'

export const resourceClaim = convertedVersion<ResourceClaim, Stored>(stable, {
  version: 'v1beta1',
  deprecation:
    'resource.k8s.io/v1beta1 ResourceClaim is deprecated in v1.35+, unavailable in v1.38+',
  shape: resourceClaimShape,
  defaults: draft => defaultFlatRequests(draft.spec.devices.requests),
  toStored: claimToStored,
  fromStored: claimFromStored,
})
