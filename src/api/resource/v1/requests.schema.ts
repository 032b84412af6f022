/** What a claim asks for: devices of a class, selected by expressions, with tolerations and capacity. */
import {
  boolean,
  int64,
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const celDeviceSelector = shape(
  'io.k8s.api.resource.v1.CELDeviceSelector',
  'An expression in the Common Expression Language that is true for wanted devices.',
  {
    expression: string(1)
      .required()
      .doc('Sees the candidate as `device`: driver, attributes, capacity; at most 10 KiB.'),
  },
)

export const deviceSelector = shape(
  'io.k8s.api.resource.v1.DeviceSelector',
  'One condition that a device must meet.',
  {
    cel: struct(1, celDeviceSelector).optional().doc('The condition, as an expression.'),
  },
)

export type DeviceSelector = ValueOfShape<typeof deviceSelector>

export const deviceToleration = shape(
  'io.k8s.api.resource.v1.DeviceToleration',
  'Lets a claim have devices in spite of taints of this kind.',
  {
    key: string(1).doc('Key of the taints that are meant; empty for all keys, with Exists.'),
    operator: string(2)
      .enum('Equal', 'Exists')
      .default('Equal')
      .doc('Equal compares the value, Exists takes any.'),
    value: string(3).doc('Value of the taint for Equal; empty for Exists.'),
    effect: string(4)
      .enum('NoExecute', 'NoSchedule', 'None')
      .doc('The effect that is tolerated; empty for all.'),
    tolerationSeconds: int64(5)
      .optional()
      .doc('For how long NoExecute is tolerated; absent for ever, zero or less for not at all.'),
  },
)

export type DeviceToleration = ValueOfShape<typeof deviceToleration>

export const capacityRequirements = shape(
  'io.k8s.api.resource.v1.CapacityRequirements',
  'How much of a shared device is wanted.',
  {
    requests: map(1, quantity()).doc(
      'Amount by name of the capacity, each at least what is given.',
    ),
  },
)

export type CapacityRequirements = ValueOfShape<typeof capacityRequirements>

const CLASS = 'The DeviceClass that the devices must be of, with its configuration and selectors.'
const SELECTORS = 'Conditions that every device must meet, at most 32.'
const MODE = 'ExactCount for as many as count says, All for every matching device of a pool.'
const COUNT = 'How many devices; 1 unless given, and only with ExactCount.'
const TOLERATIONS = 'Taints of devices that do not matter here, at most 16.'
const CAPACITY = 'How much of each device is needed, where devices can be shared.'
const ADMIN = 'Access to devices in use, to watch over them; the namespace must be marked for it.'
const ALTERNATIVES = 'Alternatives in order of preference, of which the first possible is taken.'
const NAME = 'Names the request within the claim, for pods, constraints and configuration.'

const allocationMode = (number: number) => string(number).enum('All', 'ExactCount').doc(MODE)

export const exactDeviceRequest = shape(
  'io.k8s.api.resource.v1.ExactDeviceRequest',
  'One or more devices of one class.',
  {
    deviceClassName: string(1).required().doc(CLASS),
    selectors: list(2, deviceSelector).atomic().doc(SELECTORS),
    allocationMode: allocationMode(3),
    count: int64(4).doc(COUNT),
    adminAccess: boolean(5).optional().doc(ADMIN),
    tolerations: list(6, deviceToleration).atomic().doc(TOLERATIONS),
    capacity: struct(7, capacityRequirements).optional().doc(CAPACITY),
  },
)

export type ExactDeviceRequest = ValueOfShape<typeof exactDeviceRequest>

export const deviceSubRequest = shape(
  'io.k8s.api.resource.v1.DeviceSubRequest',
  'One of several alternatives.',
  {
    name: string(1).required().doc('Names the alternative; with its request as `main/sub`.'),
    deviceClassName: string(2).required().doc(CLASS),
    selectors: list(3, deviceSelector).atomic().doc(SELECTORS),
    allocationMode: allocationMode(4),
    count: int64(5).doc(COUNT),
    tolerations: list(6, deviceToleration).atomic().doc(TOLERATIONS),
    capacity: struct(7, capacityRequirements).optional().doc(CAPACITY),
  },
)
export type DeviceSubRequest = ValueOfShape<typeof deviceSubRequest>

const REQUEST = 'A wish for devices, or for one of several alternatives.'

export const deviceRequest = shape('io.k8s.api.resource.v1.DeviceRequest', REQUEST, {
  name: string(1).required().doc(NAME),
  exactly: struct(2, exactDeviceRequest)
    .optional()
    .doc('Devices of one class; either this or firstAvailable.'),
  firstAvailable: list(3, deviceSubRequest).atomic().doc(ALTERNATIVES),
})

export type DeviceRequest = ValueOfShape<typeof deviceRequest>
