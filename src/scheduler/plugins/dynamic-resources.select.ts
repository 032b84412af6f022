/** Whether devices meet the conditions of classes and requests, which are expressions of users. */
import { type Budget, compileExpression } from '#api/cel/engine.ts'
import { MAXIMUM_DEVICE_COST } from '#api/cel/expressions.ts'
import type { Device } from '#api/resource/v1/devices.schema.ts'
import type { DeviceSelector } from '#api/resource/v1/requests.schema.ts'
import { messageOf } from '#base/errors.ts'

interface Published {
  readonly driver: string
  readonly device: Device
}

/** Throws where a condition cannot be evaluated: then nobody knows what is wanted. */
export function meetsAll(
  selectors: readonly DeviceSelector[] | undefined,
  published: Published,
): boolean {
  return (selectors ?? []).every(({ cel }, i) => {
    if (!cel) throw new Error(`CEL expression empty (unsupported selector type?)`)
    const { expression } = cel
    try {
      const program = compileExpression(expression, 'bool', 'devices')
      const budget: Budget = { cost: MAXIMUM_DEVICE_COST }
      return program.evaluate({ device: variableOf(published, expression) }, budget) === true
    } catch (error) {
      throw new Error(`selector #${i}: ${messageOf(error)}`, { cause: error })
    }
  })
}

/** The device as expressions see it: attributes and capacities by domain, those without one in the driver's. */
function variableOf({ driver, device }: Published, expression: string): object {
  const attributes = domainsIn(expression)
  const capacity = domainsIn(expression)
  for (const [name, value] of Object.entries(device.attributes ?? {}))
    put(attributes, name, driver, attributeValue(value))
  for (const [name, { value }] of Object.entries(device.capacity ?? {}))
    put(capacity, name, driver, evaluated('quantity(self)', value))
  const allowMultipleAllocations = device.allowMultipleAllocations === true
  return { driver, attributes, capacity, allowMultipleAllocations }
}

type Domains = Record<string, Record<string, unknown>>

/** A domain of which a device has nothing is empty, not unknown: an expression may ask what is in it. */
function domainsIn(expression: string): Domains {
  const domains: Domains = Object.create(null)
  for (const [, name = ''] of expression.matchAll(/\[\s*["']([^"']+)["']\s*\]/g))
    domains[name] = Object.create(null)
  return domains
}

function put(domains: Domains, name: string, driver: string, value: unknown): void {
  const slash = name.indexOf('/')
  const domain = slash < 0 ? driver : name.slice(0, slash)
  domains[domain] ??= Object.create(null) as Record<string, unknown>
  domains[domain][name.slice(slash + 1)] = value
}

function attributeValue(attribute: NonNullable<Device['attributes']>[string]): unknown {
  if (attribute.int !== undefined) return BigInt(attribute.int)
  if (attribute.version !== undefined) return evaluated('semver(self)', attribute.version)
  const { bool, string, ints, bools, strings, versions } = attribute
  if (ints?.length) return ints.map(each => BigInt(each))
  if (versions?.length) return versions.map(each => evaluated('semver(self)', each))
  return bool ?? string ?? bools ?? strings
}

function evaluated(expression: string, self: unknown): unknown {
  return compileExpression(expression, 'dyn').evaluate({ self }, { cost: MAXIMUM_DEVICE_COST })
}
