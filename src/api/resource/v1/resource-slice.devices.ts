/** The rules for one device of a slice. */
import { validateNodeSelector } from '../../core/v1/pod/validation.scheduling.ts'
import { given, sameValue } from '../../core/v1/validation.ts'
import {
  type FieldError,
  invalid,
  notFound,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import { isDns1123Subdomain, utf8Length } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { DeviceCounterConsumption } from './capacity.schema.ts'
import { validateCapacity, validateCounters } from './capacity.validation.ts'
import type { Device, DeviceAttribute } from './devices.schema.ts'
import {
  validateAttributeName,
  validateBindingParameters,
  validateLabelName,
  validateList,
  validateSet,
  validateTaint,
} from './validation.ts'

const MAXIMUM_ATTRIBUTES_AND_CAPACITIES = 32
const MAXIMUM_ATTRIBUTE_VALUES = 48
const MAXIMUM_ATTRIBUTE_BYTES = 64
const MAXIMUM_TAINTS = 16
const MAXIMUM_CONSUMPTIONS = 2
/** A domain of 63 bytes, a slash, an identifier of 32; longer names are shown shortened. */
const LONGEST_NAME = 96

export interface DeviceContext {
  /** What was stored of it is not judged again where it is the same. */
  readonly previous: Device | undefined
  /** Each device says itself which nodes can use it. */
  readonly namesNodes: boolean
}

export function validateDevice(
  path: string,
  device: Device,
  { previous, namesNodes }: DeviceContext,
): readonly FieldError[] {
  const { attributes = {}, capacity = {}, taints, consumesCounters } = device
  const isNew = (field: 'capacity' | 'taints' | 'allowMultipleAllocations') =>
    !previous || !sameValue(device[field], previous[field])
  return [
    ...validateLabelName(`${path}.name`, device.name),
    ...validateNumbers(path, device),
    ...validateNamed(`${path}.attributes`, attributes, (attribute, at) =>
      validateAttribute(at, attribute),
    ),
    ...(isNew('capacity') || isNew('allowMultipleAllocations')
      ? validateNamed(`${path}.capacity`, capacity, (amount, at) =>
          validateCapacity(at, amount, device.allowMultipleAllocations === true),
        )
      : []),
    ...(isNew('taints')
      ? validateList(`${path}.taints`, taints, MAXIMUM_TAINTS, (taint, at) =>
          validateTaint(at, taint),
        )
      : []),
    ...validateSet(`${path}.consumesCounters`, consumesCounters, {
      most: MAXIMUM_CONSUMPTIONS,
      keyOf: consumption => consumption.counterSet,
      check: (consumption, at) => validateConsumption(at, consumption),
    }),
    ...(namesNodes ? validateNodes(path, device) : validateNoNodes(path, device)),
    ...validateBindingParameters(path, device),
    ...validateMappings(`${path}.nodeAllocatableResourceMappings`, device),
  ]
}

function validateNumbers(
  path: string,
  { attributes = {}, capacity = {} }: Device,
): readonly FieldError[] {
  const errors: FieldError[] = []
  const names = Object.keys(attributes).length + Object.keys(capacity).length
  if (names > MAXIMUM_ATTRIBUTES_AND_CAPACITIES)
    errors.push(
      invalid(
        path,
        names,
        `the total number of attributes and capacities must not exceed ${MAXIMUM_ATTRIBUTES_AND_CAPACITIES}`,
      ),
    )
  let values = 0
  for (const { ints = [], bools = [], strings = [], versions = [] } of Object.values(attributes))
    values += ints.length + bools.length + strings.length + versions.length || 1
  if (values > MAXIMUM_ATTRIBUTE_VALUES)
    errors.push(
      invalid(
        path,
        values,
        `the total number of attribute values must not exceed ${MAXIMUM_ATTRIBUTE_VALUES}`,
      ),
    )
  return errors
}

/** A map by names of attributes: each name, each value. */
function validateNamed<T>(
  path: string,
  values: Readonly<Record<string, T>>,
  check: (value: T, path: string) => readonly FieldError[],
): readonly FieldError[] {
  return Object.entries(values).flatMap(([name, value]) => [
    ...validateAttributeName(path, name),
    ...check(value, `${path}[${shortened(name)}]`),
  ])
}

function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name
  const kept = LONGEST_NAME - '...'.length
  return `${name.slice(0, Math.ceil(kept / 2))}...${name.slice(-Math.floor(kept / 2))}`
}

const number = '(0|[1-9]\\d*)'
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const build = '[0-9a-zA-Z-]+'
const semanticVersion = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
)

const ONE_VALUE = 'exactly one value must be specified'

function validateAttribute(path: string, attribute: DeviceAttribute): readonly FieldError[] {
  const given = Object.values(attribute).filter(value => value !== undefined)
  const errors = [
    ...(attribute.string === undefined ? [] : validateText(`${path}.string`, attribute.string)),
    ...(attribute.version === undefined
      ? []
      : validateVersion(`${path}.version`, attribute.version)),
    ...(attribute.strings ?? []).flatMap((text, index) =>
      validateText(`${path}.strings[${index}]`, text),
    ),
    ...(attribute.versions ?? []).flatMap((version, index) =>
      validateVersion(`${path}.versions[${index}]`, version),
    ),
  ]
  if (given.length === 0) errors.push(invalid(path, '', ONE_VALUE))
  if (given.length > 1) errors.push(invalid(path, attribute, ONE_VALUE))
  return errors
}

const validateText = (path: string, text: string) =>
  utf8Length(text) > MAXIMUM_ATTRIBUTE_BYTES ? [tooLong(path, MAXIMUM_ATTRIBUTE_BYTES)] : []

const validateVersion = (path: string, version: string) => [
  ...(semanticVersion.test(version)
    ? []
    : [invalid(path, version, 'must be a string compatible with semver.org spec 2.0.0')]),
  ...validateText(path, version),
]

const validateConsumption = (path: string, { counterSet, counters }: DeviceCounterConsumption) =>
  validateCounters(path, { field: 'counterSet', name: counterSet, counters })

const ONE_WAY =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

function validateNodes(path: string, device: Device): readonly FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device
  const errors = [...given(`${path}.nodeName`, nodeName, isDns1123Subdomain)]
  if (nodeName === '') errors.push(invalid(`${path}.nodeName`, nodeName, 'must not be empty'))
  if (nodeSelector) errors.push(...validateNodeSelector(`${path}.nodeSelector`, nodeSelector))
  if (allNodes === false)
    errors.push(invalid(`${path}.allNodes`, allNodes, 'must be either unset or set to true'))
  const ways = (['nodeName', 'nodeSelector', 'allNodes'] as const)
    .filter(way => device[way])
    .map(way => `\`${way}\``)
  if (ways.length === 0) errors.push(required(path, ONE_WAY))
  if (ways.length > 1) errors.push(invalid(path, `{${ways.join(', ')}}`, ONE_WAY))
  return errors
}

const validateNoNodes = (path: string, { nodeName, nodeSelector, allNodes }: Device) =>
  nodeName === undefined && nodeSelector === undefined && allNodes === undefined
    ? []
    : [
        invalid(
          path,
          undefined,
          '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ),
      ]

const NODE_RESOURCES = ['cpu', 'memory', 'ephemeral-storage']

function validateMappings(
  path: string,
  { nodeAllocatableResourceMappings: mappings = {}, capacity = {} }: Device,
): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const [name, { capacityKey, allocationMultiplier }] of Object.entries(mappings)) {
    const at = `${path}[${name}]`
    if (!NODE_RESOURCES.includes(name) && !name.startsWith('hugepages-'))
      errors.push(invalid(at, name, 'must be a node allocatable resource name'))
    if (capacityKey === '')
      errors.push(invalid(`${at}.capacityKey`, '', 'capacityKey must not be an empty string'))
    else if (capacityKey !== undefined && !Object.hasOwn(capacity, capacityKey))
      errors.push(notFound(`${at}.capacityKey`, capacityKey))
    if (allocationMultiplier !== undefined && compareQuantities(allocationMultiplier, '0') <= 0)
      errors.push(invalid(`${at}.allocationMultiplier`, allocationMultiplier, 'must be positive'))
  }
  return errors
}
