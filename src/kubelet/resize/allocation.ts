/**
 * What the node has set aside for a pod's containers, where it may be something other than the pod
 * asks for. Pure.
 */
import { compareQuantities, parseQuantity } from '#api/machinery/quantity.ts'
import type { Container, Pod, PodStatus } from '../pod-types.ts'

export type Resources = NonNullable<Container['resources']>
/** By the name of the container, and what the pod has as a whole, where it has anything. */
export type Allocation = Readonly<Record<string, Resources>>

export const RESIZABLE = ['cpu', 'memory'] as const
export const AMOUNTS = ['requests', 'limits'] as const

/** No container has such a name. */
const WHOLE_POD = ''

/** Containers whose resources can change while they run, or before they do. */
export const resizableOf = ({ spec }: Pod): readonly Container[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
]

export const allocationOf = (pod: Pod): Allocation => ({
  ...Object.fromEntries(resizableOf(pod).map(({ name, resources }) => [name, resources ?? {}])),
  ...wholePod(pod.spec?.resources),
})

const wholePod = (resources: Resources | undefined): Allocation =>
  resources ? { [WHOLE_POD]: resources } : {}

/** What a file tells, which anybody may have written. Throws where it is none. */
export function readAllocation(value: unknown): Allocation {
  for (const [name, resources] of entriesIn(value, 'an allocation')) {
    const told = new Map(entriesIn(resources, `what "${name}" has`))
    for (const amount of AMOUNTS)
      for (const [, quantity] of entriesIn(told.get(amount) ?? {}, `${amount} of "${name}"`)) {
        if (typeof quantity !== 'string') throw new Error(`${quantity} is no quantity`)
        parseQuantity(quantity)
      }
  }
  return value as Allocation
}

function entriesIn(value: unknown, what: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must be an object, not ${JSON.stringify(value)}`)
  return Object.entries(value)
}

/** The pod with what was set aside for it in place of what it asks for; itself where that is the same. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const { spec } = pod
  if (!spec || isAllocated(pod, allocation)) return pod
  const allocated = (container: Container): Container => {
    const resources = allocation[container.name]
    return resources ? { ...container, resources } : container
  }
  const { resources: _, ...rest } = spec
  const whole = allocation[WHOLE_POD]
  return {
    ...pod,
    spec: {
      ...rest,
      ...(whole ? { resources: whole } : {}),
      containers: spec.containers.map(allocated),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(allocated) } : {}),
    },
  }
}

export const isAllocated = (pod: Pod, allocation: Allocation): boolean =>
  sameResources(pod.spec?.resources, allocation[WHOLE_POD]) &&
  resizableOf(pod).every(
    ({ name, resources }) => !allocation[name] || sameResources(resources, allocation[name]),
  )

function sameResources(a: Resources = {}, b: Resources = {}): boolean {
  if (a === b) return true
  return AMOUNTS.every(amount =>
    RESIZABLE.every(name => sameQuantity(a[amount]?.[name], b[amount]?.[name])),
  )
}

export const sameQuantity = (a: string | undefined, b: string | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && compareQuantities(a, b) === 0)

/** What the status of a pod says was set aside, as a kubelet finds it that has just started. */
export function toldAllocation(pod: Pod): Allocation {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const { resources: asked } = pod.spec ?? {}
  const statuses = [...initContainerStatuses, ...containerStatuses]
  const told = resizableOf(pod).map(({ name, resources = {} }) => {
    const status = statuses.find(each => each.name === name)
    return [name, toldResources(resources, status)]
  })
  return {
    ...Object.fromEntries(told),
    ...wholePod(asked && toldResources(asked, pod.status)),
  }
}

function toldResources(
  asked: Resources,
  status: Pick<PodStatus, 'resources' | 'allocatedResources'> | undefined,
): Resources {
  if (!status?.resources) return asked
  return {
    ...asked,
    requests: resizedTo(asked.requests, status.allocatedResources),
    limits: resizedTo(asked.limits, status.resources.limits),
  }
}

function resizedTo(
  asked: Record<string, string> = {},
  told: Record<string, string> = {},
): Record<string, string> {
  const amounts = { ...asked }
  for (const name of RESIZABLE) {
    const amount = told[name]
    if (amount === undefined) delete amounts[name]
    else amounts[name] = amount
  }
  return amounts
}
