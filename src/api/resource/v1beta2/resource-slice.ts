import { inVersion } from '../../machinery/other-version.ts'
import { resourceSlice as stable } from '../v1/resource-slice.ts'

export const resourceSlice = inVersion(stable, 'v1beta2', {
  deprecation:
    'resource.k8s.io/v1beta2 ResourceSlice is deprecated in v1.36+, unavailable in v1.39+',
})
