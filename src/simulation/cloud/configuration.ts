/** A cloud in memory as `--cloud-config` describes it. */
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { MemoryCloud, type MemoryCloudOptions } from './memory-cloud.ts'

const isText = (value: unknown) => typeof value === 'string' && value !== ''

const SETTINGS: Readonly<Record<string, { isGood: (value: unknown) => boolean; wants: string }>> = {
  region: { isGood: isText, wants: 'a text' },
  zones: {
    isGood: value => Array.isArray(value) && value.length > 0 && value.every(isText),
    wants: 'a list of texts',
  },
  instanceType: { isGood: isText, wants: 'a text' },
  loadBalancerCidr: { isGood: isText, wants: 'a range of IPv4 addresses' },
  externalCidr: { isGood: isText, wants: 'a range of IPv4 addresses' },
  adoptsNodes: { isGood: value => typeof value === 'boolean', wants: 'true or false' },
}

/** Throws a UserError. */
export function configuredMemoryCloud(
  configuration: Readonly<Record<string, unknown>>,
  clock: Clock,
): MemoryCloud {
  for (const [key, value] of Object.entries(configuration)) {
    const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined
    if (!setting)
      throw new UserError(`unknown setting "${key}"; known are ${Object.keys(SETTINGS).join(', ')}`)
    if (!setting.isGood(value)) throw new UserError(`${key} wants ${setting.wants}`)
  }
  return new MemoryCloud({ ...(configuration as Partial<MemoryCloudOptions>), clock })
}
