/** Which devices rules of administrators taint, beside what their drivers say. */
import type { DeviceTaintRule } from '../v1alpha3/device-taint-rule.ts'

export interface NamedDevice {
  readonly driver: string
  readonly pool: string
  readonly device: string
}

export function ruleSelects({ spec }: DeviceTaintRule, device: NamedDevice): boolean {
  const selector = spec.deviceSelector
  if (!selector) return false
  const fits = (wanted: string | undefined, actual: string) =>
    wanted === undefined || wanted === actual
  return (
    fits(selector.driver, device.driver) &&
    fits(selector.pool, device.pool) &&
    fits(selector.device, device.device)
  )
}
