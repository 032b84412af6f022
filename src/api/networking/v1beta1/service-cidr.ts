import { inVersion } from '../../machinery/other-version.ts'
import { serviceCidr as stable } from '../v1/service-cidr.ts'

export const serviceCidr = inVersion(stable, 'v1beta1', {
  deprecation:
    'networking.k8s.io/v1beta1 ServiceCIDR is deprecated in v1.34+, unavailable in v1.37+',
})
