import { convertedVersion } from '../../machinery/other-version.ts'
import { defaultDevice } from '../v1/defaults.ts'
import { type ResourceSlice as Stored, resourceSlice as stable } from '../v1/resource-slice.ts'
import { sliceFromStored, sliceToStored } from './conversion.ts'
import { type ResourceSlice, resourceSliceShape } from './schema.ts'

export const resourceSlice = convertedVersion<ResourceSlice, Stored>(stable, {
  version: 'v1beta1',
  deprecation:
    'resource.k8s.io/v1beta1 ResourceSlice is deprecated in v1.35+, unavailable in v1.38+',
  shape: resourceSliceShape,
  defaults: draft => {
    for (const { basic } of draft.spec.devices ?? []) if (basic) defaultDevice(basic)
  },
  toStored: sliceToStored,
  fromStored: sliceFromStored,
})
