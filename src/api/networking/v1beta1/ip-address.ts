import { inVersion } from '../../machinery/other-version.ts'
import { ipAddress as stable } from '../v1/ip-address.ts'

export const ipAddress = inVersion(stable, 'v1beta1', {
  deprecation: 'networking.k8s.io/v1beta1 IPAddress is deprecated in v1.34+, unavailable in v1.37+',
})
