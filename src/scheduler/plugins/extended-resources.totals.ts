/** How many devices stand behind extended resources on each node, for scores: of nodes that do not offer the resource themselves. */

import { type DeviceClass, deviceClass } from '#api/resource/v1/device-class.ts'
import type { Device } from '#api/resource/v1/devices.schema.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { cycleKey } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { allocatedDevicesOf } from './dynamic-resources.assumed.ts'
import { type Candidate, candidatesIn } from './dynamic-resources.pools.ts'
import { meetsAll } from './dynamic-resources.select.ts'
import { ExtendedResources } from './extended-resources.ts'
import { type Fullness, fullnessOf, type ResourceSpec } from './resource-scorer.ts'

export interface Totals {
  readonly devices: number
  readonly allocated: number
}
/** Undefined where no devices stand behind the resource on the node. */
export type TotalsOn = (resource: string, node: NodeInfo) => Totals | undefined

export class DeviceTotals {
  readonly #resources: readonly string[]
  readonly #extended: ExtendedResources
  readonly #classes
  readonly #slices
  readonly #allocated
  /** Whether a device is of a class; both are values that never change. */
  readonly #members = new WeakMap<Device, WeakMap<DeviceClass, boolean>>()

  constructor(handle: Handle, resources: readonly string[]) {
    this.#resources = resources
    this.#extended = new ExtendedResources(handle)
    this.#classes = handle.informers.for(deviceClass)
    this.#slices = handle.informers.for(resourceSlice)
    this.#allocated = allocatedDevicesOf(handle)
  }

  /** Whether scores of the pod depend on devices: what is known of a node does not decide them then. */
  concerns({ requests }: PodInfo): boolean {
    return this.#extended.servedOf(requests).some(resource => this.#resources.includes(resource))
  }

  /** What holds while one pod is placed. Costs little until it is asked. */
  now(): TotalsOn {
    let given: ReadonlySet<string> | undefined
    return (resource, { node }) => {
      const found = this.#classes.get(this.#extended.classFor(resource) ?? '')
      if (!found || !node) return undefined
      given ??= this.#allocated.ids()
      let [devices, allocated] = [0, 0]
      for (const slice of this.#slices.list())
        for (const candidate of candidatesIn(slice, node)) {
          if (!this.#isOf(found, candidate)) continue
          devices++
          if (given.has(candidate.id)) allocated++
        }
      return devices === 0 ? undefined : { devices, allocated }
    }
  }

  #isOf(found: DeviceClass, { driver, device }: Candidate): boolean {
    if (!found.spec.selectors?.length) return true
    const known = this.#members.get(device) ?? new WeakMap<DeviceClass, boolean>()
    this.#members.set(device, known)
    const before = known.get(found)
    if (before !== undefined) return before
    try {
      const isMember = meetsAll(found.spec.selectors, { driver, device })
      known.set(found, isMember)
      return isMember
    } catch {
      // A condition that cannot be evaluated counts for nothing here; it is told where the device is to be given away.
      return false
    }
  }
}

/** Undefined where no score can depend on devices: the usual case, which must cost nothing. */
export function deviceTotals(
  handle: Handle,
  resources: readonly ResourceSpec[],
): DeviceTotals | undefined {
  const extended = resources.flatMap(({ name }) => (name.includes('/') ? [name] : []))
  if (extended.length === 0 || !handle.enabled('DRAExtendedResource')) return undefined
  return new DeviceTotals(handle, extended)
}

const NOW = cycleKey<TotalsOn>('devices behind extended resources')

/** The parts of a plugin that scores how full nodes would be. */
export function scoredBy(
  totals: DeviceTotals | undefined,
  resources: readonly ResourceSpec[],
  { exact, score }: { exact: boolean; score: (resources: readonly Fullness[]) => number },
): Pick<Plugin, 'preScore'> & Required<Pick<Plugin, 'score'>> {
  const own = { exact }
  if (!totals) return { score: (_cycle, pod, node) => score(fullnessOf(pod, node, resources, own)) }
  return {
    preScore(cycle, pod) {
      if (totals.concerns(pod) && !cycle.get(NOW)) cycle.set(NOW, totals.now())
      return undefined
    },
    score: (cycle, pod, node) =>
      score(fullnessOf(pod, node, resources, { exact, devices: cycle.get(NOW) })),
  }
}
