import { inVersion } from '../../machinery/other-version.ts'
import { volumeAttributesClass as stable } from '../v1/volume-attributes-class.ts'

export const volumeAttributesClass = inVersion(stable, 'v1beta1')
