/** How much of a device each of its users takes, where several may share it. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from '#api/machinery/quantity.ts'
import type { CapacityRequestPolicy, DeviceCapacity } from '#api/resource/v1/capacity.schema.ts'
import type { Device } from '#api/resource/v1/devices.schema.ts'

/** Amounts by name of the capacity, as quantities. */
export type Amounts = Readonly<Record<string, string>>

/** What one user takes of each capacity of the device; undefined where it cannot be had, even of an unused device. */
export function amountsFor(
  { capacity = {} }: Device,
  requests: Amounts = {},
): Record<string, string> | undefined {
  if (Object.keys(requests).some(name => !Object.hasOwn(capacity, name))) return undefined
  const amounts: Record<string, string> = {}
  for (const [name, each] of Object.entries(capacity)) {
    const amount = amountOf(each, requests[name])
    if (isAgainst(each.requestPolicy, amount) || isMore(amount, each.value)) return undefined
    amounts[name] = amount
  }
  return amounts
}

/** What both take together. */
export function sumOf(one: Amounts, other: Amounts): Amounts {
  const sums: Record<string, string> = { ...one }
  for (const [name, amount] of Object.entries(other))
    sums[name] = formatQuantity(addQuantities(one[name] ?? '0', amount))
  return sums
}

export function hasRoomFor({ capacity = {} }: Device, amounts: Amounts): boolean {
  return Object.entries(amounts).every(
    ([name, amount]) => !isMore(amount, capacity[name]?.value ?? '0'),
  )
}

/** Requests are raised to what the policy allows. */
function amountOf({ value, requestPolicy }: DeviceCapacity, requested?: string): string {
  if (requested === undefined) return requestPolicy?.default ?? value
  const { validRange, validValues } = requestPolicy ?? {}
  if (validValues?.length) return validValues.find(valid => !isMore(requested, valid)) ?? requested
  if (!validRange) return requested
  const { min = '0', step } = validRange
  if (isMore(min, requested)) return min
  return step === undefined ? requested : onStep(requested, min, step)
}

/** The least of min, min + step, … that is not less. */
function onStep(requested: string, min: string, step: string): string {
  const { format } = parseQuantity(requested)
  const [from, by, least] = [requested, step, min].map(text => parseQuantity(text).nanos)
  if (from === undefined || by === undefined || least === undefined || by <= 0n) return requested
  const steps = (from - least + by - 1n) / by
  return formatQuantity({ nanos: least + steps * by, format })
}

function isAgainst(policy: CapacityRequestPolicy | undefined, amount: string): boolean {
  const { validRange, validValues } = policy ?? {}
  if (validValues?.length) return !validValues.some(valid => compareQuantities(valid, amount) === 0)
  return validRange?.max !== undefined && isMore(amount, validRange.max)
}

const isMore = (a: string, b: string): boolean => compareQuantities(a, b) > 0
