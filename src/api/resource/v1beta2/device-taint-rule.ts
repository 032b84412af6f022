import { inVersion } from '../../machinery/other-version.ts'
import { deviceTaintRule as stored } from '../v1alpha3/device-taint-rule.ts'

export const deviceTaintRule = inVersion(stored, 'v1beta2')
