/** What may be written into the status of a claim. */
import { isInterfaceAddress } from '../../core/v1/addresses.ts'
import { validateNodeSelector } from '../../core/v1/pod/validation.scheduling.ts'
import { validateConditions } from '../../core/v1/validation.conditions.ts'
import { immutable, oneOf, sameValue, wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  required,
  tooLong,
  tooMany,
} from '../../machinery/field-error.ts'
import { utf8Length } from '../../machinery/names.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  ClaimStatus,
  ConsumerReference,
  DeviceRequestAllocationResult,
} from './claim-status.schema.ts'
import type { DeviceAllocationConfiguration } from './configuration.schema.ts'
import type { ResourceClaim } from './resource-claim.schema.ts'
import { requestNames, validateReference, validateReferences } from './resource-claim.validation.ts'
import {
  MAXIMUM_CLAIM_PARTS,
  validateBindingParameters,
  validateConfiguration,
  validateDriver,
  validateLabelName,
  validateList,
  validatePool,
  validateRaw,
  validateSet,
  validateToleration,
  validateUid,
} from './validation.ts'

const MAXIMUM_CONSUMERS = 256
const MAXIMUM_RESULTS = 32
const MAXIMUM_CONDITIONS = 8
const MAXIMUM_ADDRESSES = 16
const MAXIMUM_INTERFACE_BYTES = 256
const MAXIMUM_HARDWARE_ADDRESS_BYTES = 128

/** Tells one device, or one share of it, from all others. */
const identityOf = (device: { driver: string; pool: string; device: string; shareID?: string }) =>
  [device.driver, device.pool, device.device, ...(device.shareID ? [device.shareID] : [])].join('/')

const deviceOf = ({
  driver,
  pool,
  device,
}: DeviceRequestAllocationResult | AllocatedDeviceStatus) => identityOf({ driver, pool, device })

/** Reports on devices go when the devices are given back. */
export function dropReportsOfFreedDevices(draft: ResourceClaim, previous: ResourceClaim): void {
  const { status } = draft
  if (!status.devices) return
  const kept = new Set((status.allocation?.devices.results ?? []).map(deviceOf))
  const freed = new Set((previous.status.allocation?.devices.results ?? []).map(deviceOf))
  const devices = status.devices.filter(device => {
    const id = deviceOf(device)
    return kept.has(id) || !freed.has(id)
  })
  if (devices.length > 0) status.devices = devices
  else delete status.devices
}

export function validateClaimStatus(
  { metadata, spec, status }: ResourceClaim,
  { status: previous }: ResourceClaim,
): readonly FieldError[] {
  const { allocation, reservedFor = [] } = status
  const allocated = new Set((allocation?.devices.results ?? []).map(identityOf))
  const errors = [
    ...validateSet('status.reservedFor', reservedFor, {
      most: MAXIMUM_CONSUMERS,
      keyOf: consumer => consumer.uid,
      check: (consumer, path) => validateConsumer(path, consumer),
    }),
    ...validateSet('status.devices', status.devices, {
      most: Number.POSITIVE_INFINITY,
      keyOf: identityOf,
      check: (device, path) => validateReport(path, device, allocated),
    }),
  ]
  if (reservedFor.length > 0 && !allocation)
    errors.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'))
  else if (metadata.deletionTimestamp && hasNewConsumers(reservedFor, previous))
    errors.push(
      forbidden(
        'status.reservedFor',
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
      ),
    )
  if (!allocation) return errors
  return previous.allocation
    ? [...errors, ...immutable('status.allocation', allocation, previous.allocation)]
    : [...errors, ...validateAllocation(allocation, requestNames(spec.devices.requests))]
}

const hasNewConsumers = (consumers: readonly ConsumerReference[], { reservedFor }: ClaimStatus) =>
  consumers.some(consumer => !reservedFor?.some(before => sameValue(before, consumer)))

function validateConsumer(path: string, consumer: ConsumerReference): readonly FieldError[] {
  return (['resource', 'name', 'uid'] as const)
    .filter(field => consumer[field] === '')
    .map(field => required(`${path}.${field}`))
}

function validateAllocation(
  { devices, nodeSelector }: AllocationResult,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  const path = 'status.allocation'
  return [
    ...validateList(`${path}.devices.results`, devices.results, MAXIMUM_RESULTS, (result, at) =>
      validateResult(at, result, names),
    ),
    // As many from the class as from the claim.
    ...validateList(
      `${path}.devices.config`,
      devices.config,
      2 * MAXIMUM_CLAIM_PARTS,
      (config, at) => validateAllocatedConfiguration(at, config, names),
    ),
    ...(nodeSelector ? validateNodeSelector(`${path}.nodeSelector`, nodeSelector) : []),
  ]
}

function validateResult(
  path: string,
  result: DeviceRequestAllocationResult,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  return [
    ...validateReference(`${path}.request`, result.request, names),
    ...validateDevice(path, result),
    ...validateBindingParameters(path, result),
    ...(result.tolerations ?? []).flatMap((toleration, index) =>
      validateToleration(`${path}.tolerations[${index}]`, toleration),
    ),
  ]
}

function validateDevice(
  path: string,
  { driver, pool, device, shareID }: DeviceRequestAllocationResult | AllocatedDeviceStatus,
): readonly FieldError[] {
  return [
    ...validateDriver(`${path}.driver`, driver),
    ...validatePool(`${path}.pool`, pool),
    ...validateLabelName(`${path}.device`, device),
    ...(shareID === undefined ? [] : validateUid(`${path}.shareID`, shareID)),
  ]
}

function validateAllocatedConfiguration(
  path: string,
  config: DeviceAllocationConfiguration,
  names: ReadonlySet<string>,
): readonly FieldError[] {
  return [
    ...oneOf(`${path}.source`, config.source, ['FromClaim', 'FromClass']),
    ...validateReferences(`${path}.requests`, config.requests, names),
    ...validateConfiguration(path, config, 'fresh'),
  ]
}

function validateReport(
  path: string,
  report: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
): readonly FieldError[] {
  const { conditions, data, networkData = {} } = report
  const errors = [...validateDevice(path, report)]
  const identity = identityOf(report)
  if (!allocated.has(identity))
    errors.push(invalid(path, identity, 'must be an allocated device in the claim'))
  if (conditions.length > MAXIMUM_CONDITIONS)
    errors.push(tooMany(`${path}.conditions`, conditions.length, MAXIMUM_CONDITIONS))
  errors.push(...validateConditions(`${path}.conditions`, conditions))
  if (data !== undefined) errors.push(...validateRaw(`${path}.data`, data, 'fresh'))
  const { interfaceName = '', hardwareAddress = '', ips } = networkData
  const at = `${path}.networkData`
  if (utf8Length(interfaceName) > MAXIMUM_INTERFACE_BYTES)
    errors.push(tooLong(`${at}.interfaceName`, MAXIMUM_INTERFACE_BYTES))
  if (utf8Length(hardwareAddress) > MAXIMUM_HARDWARE_ADDRESS_BYTES)
    errors.push(tooLong(`${at}.hardwareAddress`, MAXIMUM_HARDWARE_ADDRESS_BYTES))
  const unique = {
    most: MAXIMUM_ADDRESSES,
    keyOf: (address: string) => address,
    check: (address: string, field: string) => wrong(field, address, isInterfaceAddress(address)),
  }
  return [...errors, ...validateSet(`${at}.ips`, ips, unique)]
}
