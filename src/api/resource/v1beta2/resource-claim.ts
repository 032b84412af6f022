import { inVersion } from '../../machinery/other-version.ts'
import { resourceClaim as stable } from '../v1/resource-claim.ts'

export const resourceClaim = inVersion(stable, 'v1beta2', {
  deprecation:
    'resource.k8s.io/v1beta2 ResourceClaim is deprecated in v1.36+, unavailable in v1.39+',
})
