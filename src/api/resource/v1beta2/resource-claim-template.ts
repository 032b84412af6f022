import { inVersion } from '../../machinery/other-version.ts'
import { resourceClaimTemplate as stable } from '../v1/resource-claim-template.ts'

export const resourceClaimTemplate = inVersion(stable, 'v1beta2', {
  deprecation:
    'resource.k8s.io/v1beta2 ResourceClaimTemplate is deprecated in v1.36+, unavailable in v1.39+',
})
