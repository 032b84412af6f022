import { inVersion } from '../../machinery/other-version.ts'
import { deviceClass as stable } from '../v1/device-class.ts'

export const deviceClass = inVersion(stable, 'v1beta2', {
  deprecation: 'resource.k8s.io/v1beta2 DeviceClass is deprecated in v1.36+, unavailable in v1.39+',
})
