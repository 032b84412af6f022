/** Amounts that devices have: fixed, shared by several users, or drawn from counters that devices share. */
import {
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const capacityRequestPolicyRange = shape(
  'io.k8s.api.resource.v1.CapacityRequestPolicyRange',
  'Amounts from min on, in steps, up to max.',
  {
    min: quantity(1).requiredPointer().doc('The least amount; smaller requests are raised to it.'),
    max: quantity(2).optional().doc('The largest amount; absent for all that there is.'),
    step: quantity(3).optional().doc('Requests are raised to min plus a multiple of this.'),
  },
)

export type CapacityRequestPolicyRange = ValueOfShape<typeof capacityRequestPolicyRange>

export const capacityRequestPolicy = shape(
  'io.k8s.api.resource.v1.CapacityRequestPolicy',
  'Which amounts one user of a shared device may take.',
  {
    default: quantity(1).optional().doc('What a request takes that names no amount.'),
    validValues: list(3, quantity())
      .atomic()
      .doc('The amounts that can be taken, ascending, at most 10; requests are raised to one.'),
    validRange: struct(4, capacityRequestPolicyRange)
      .optional()
      .doc('The range of amounts that can be taken; not together with validValues.'),
  },
)

export type CapacityRequestPolicy = ValueOfShape<typeof capacityRequestPolicy>

export const deviceCapacity = shape(
  'io.k8s.api.resource.v1.DeviceCapacity',
  'How much of something a device has.',
  {
    value: quantity(1).required().doc('All of it, whatever is in use.'),
    requestPolicy: struct(2, capacityRequestPolicy)
      .optional()
      .doc('How users share it; only where the device allows several.'),
  },
)

export type DeviceCapacity = ValueOfShape<typeof deviceCapacity>

export const counter = shape(
  'io.k8s.api.resource.v1.Counter',
  'An amount that devices draw from.',
  {
    value: quantity(1).required().doc('How much there is, or how much is drawn.'),
  },
)

export const counterSet = shape(
  'io.k8s.api.resource.v1.CounterSet',
  'Amounts that several devices of a pool share.',
  {
    name: string(1).required().doc('Its name, a DNS label, unique in the pool.'),
    counters: map(2, counter).required().doc('The amounts by name, at most 32.'),
  },
)

export type CounterSet = ValueOfShape<typeof counterSet>

export const deviceCounterConsumption = shape(
  'io.k8s.api.resource.v1.DeviceCounterConsumption',
  'What a device draws from a set of counters while it is in use.',
  {
    counterSet: string(1).required().doc('Name of the set.'),
    counters: map(2, counter).required().doc('The amounts by name, at most 32.'),
  },
)

export type DeviceCounterConsumption = ValueOfShape<typeof deviceCounterConsumption>
