import { inVersion } from '../../machinery/other-version.ts'
import { volumeAttributesClass as stable } from '../v1/volume-attributes-class.ts'

export const volumeAttributesClass = inVersion(stable, 'v1beta1', {
  deprecation:
    'storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in v1.37+; use storage.k8s.io/v1 VolumeAttributesClass',
})
