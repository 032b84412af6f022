import { inVersion } from '../../machinery/other-version.ts'
import { deviceTaintRule as stored } from '../v1alpha3/device-taint-rule.ts'

export const deviceTaintRule = inVersion(stored, 'v1beta2', {
  deprecation:
    'resource.k8s.io/v1beta2 DeviceTaintRule is deprecated in v1.39+, unavailable in v1.42+',
})
