import { validateNodeSelector } from '../../core/v1/pod/validation.scheduling.ts'
import { given, immutable } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { isDns1123Subdomain } from '../../machinery/names.ts'
import type { CounterSet } from './capacity.schema.ts'
import { validateCounters } from './capacity.validation.ts'
import type { Device } from './devices.schema.ts'
import { validateDevice } from './resource-slice.devices.ts'
import type { ResourcePool, ResourceSlice } from './resource-slice.schema.ts'
import { validateDriver, validatePool, validateSet } from './validation.ts'

const MAXIMUM_DEVICES = 128
/** Where a device has taints, counters or lists, which cost schedulers more. */
const MAXIMUM_INTRICATE_DEVICES = 64
const MAXIMUM_COUNTER_SETS = 8

type Spec = ResourceSlice['spec']

export const validateSlice = ({ spec }: ResourceSlice) => validateSpec(spec)

export const validateSliceUpdate = (
  { spec }: ResourceSlice,
  { spec: previous }: ResourceSlice,
): readonly FieldError[] => validateSpec(spec, previous)

const validateKept = (spec: Spec, previous: Spec): readonly FieldError[] => [
  ...immutable('spec.pool.name', spec.pool.name, previous.pool.name),
  ...immutable('spec.driver', spec.driver, previous.driver),
  ...immutable('spec.nodeName', spec.nodeName, previous.nodeName),
]

function validateSpec(spec: Spec, previous?: Spec): readonly FieldError[] {
  const { devices = [], sharedCounters = [] } = spec
  const known = new Map((previous?.devices ?? []).map(device => [device.name, device]))
  const both =
    devices.length > 0 && sharedCounters.length > 0
      ? [invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []
  return [
    ...validateDriver('spec.driver', spec.driver),
    ...validateWholePool(spec.pool),
    ...(previous ? validateKept(spec, previous) : []),
    ...validateNodes(spec),
    ...both,
    ...validateSet('spec.devices', devices, {
      most: devices.some(isIntricate) ? MAXIMUM_INTRICATE_DEVICES : MAXIMUM_DEVICES,
      keyOf: device => device.name,
      check: (device, path) =>
        validateDevice(path, device, {
          previous: known.get(device.name),
          namesNodes: spec.perDeviceNodeSelection === true,
        }),
    }),
    ...validateSet('spec.sharedCounters', sharedCounters, {
      most: MAXIMUM_COUNTER_SETS,
      keyOf: set => set.name,
      check: (set, path) => validateCounterSet(path, set),
    }),
  ]
}

const isIntricate = ({ taints = [], consumesCounters = [], attributes = {} }: Device) =>
  taints.length > 0 ||
  consumesCounters.length > 0 ||
  Object.values(attributes).some(
    ({ ints, bools, strings, versions }) => ints ?? bools ?? strings ?? versions,
  )

function validateWholePool(pool: ResourcePool): readonly FieldError[] {
  const path = 'spec.pool'
  const errors = [...validatePool(`${path}.name`, pool.name)]
  const { resourceSliceCount: count, generation } = pool
  if (count <= 0)
    errors.push(invalid(`${path}.resourceSliceCount`, count, 'must be greater than zero'))
  if (generation < 0)
    errors.push(invalid(`${path}.generation`, generation, 'must be greater than or equal to zero'))
  return errors
}

const WAYS = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const
const ONE_WAY = `exactly one of ${WAYS.map(way => `\`${way}\``).join(', ')} is required`

/** Exactly one way to say which nodes can use the devices. */
function validateNodes(spec: Spec): readonly FieldError[] {
  const { nodeName, nodeSelector } = spec
  const errors = [...given('spec.nodeName', nodeName, isDns1123Subdomain)]
  if (nodeName === '')
    errors.push(
      invalid('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string'),
    )
  if (nodeSelector) {
    errors.push(...validateNodeSelector('spec.nodeSelector', nodeSelector))
    const { nodeSelectorTerms: terms } = nodeSelector
    if (terms.length !== 1)
      errors.push(
        invalid(
          'spec.nodeSelector.nodeSelectorTerms',
          terms.length === 0 ? null : terms,
          'must have exactly one node selector term',
        ),
      )
  }
  for (const way of ['allNodes', 'perDeviceNodeSelection'] as const)
    if (spec[way] === false)
      errors.push(invalid(`spec.${way}`, false, 'must be either unset or set to true'))
  const ways = WAYS.filter(way => spec[way]).map(way => `\`${way}\``)
  if (ways.length === 0) errors.push(required('spec', ONE_WAY))
  if (ways.length > 1)
    errors.push(invalid('spec', `{${ways.join(', ')}}`, `${ONE_WAY}, but multiple fields are set`))
  return errors
}

function validateCounterSet(path: string, { name, counters }: CounterSet): readonly FieldError[] {
  return validateCounters(path, { field: 'name', name, counters })
}
