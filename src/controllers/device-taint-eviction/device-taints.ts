/** Which taints drive pods from devices, and when: what drivers publish in slices, and what rules add from outside. */
import { ruleSelects } from '#api/resource/v1/device-taints.ts'
import type { DeviceTaint } from '#api/resource/v1/devices.schema.ts'
import type { DeviceToleration } from '#api/resource/v1/requests.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'

export interface DeviceWorld {
  /** The slices of a driver's pool, of whatever generation. */
  readonly slicesOf: (driver: string, pool: string) => readonly ResourceSlice[]
  readonly rules: readonly DeviceTaintRule[]
}

/** When pods have to leave, in milliseconds since the epoch, and the names of the rules that want it so. */
export interface Eviction {
  readonly atMs: number
  readonly rules: readonly string[]
}

type Allocation = NonNullable<ResourceClaim['status']['allocation']>
export type AllocatedDevice = NonNullable<Allocation['devices']['results']>[number]

export const devicesOf = ({ status }: ResourceClaim): readonly AllocatedDevice[] =>
  status.allocation?.devices.results ?? []

/** The slices of the newest generation: older ones are of the past, whatever they say. */
export function currentSlices(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
  const newest = Math.max(...slices.map(({ spec }) => Number(spec.pool.generation ?? 0)))
  return slices.filter(({ spec }) => Number(spec.pool.generation ?? 0) === newest)
}

/** When whoever uses the claim has to leave it, if ever. */
export function evictionOf(claim: ResourceClaim, world: DeviceWorld): Eviction | undefined {
  return earliest(
    devicesOf(claim).flatMap(device =>
      taintsOf(device, world).flatMap(({ taint, rule }) => {
        const atMs = leaveTime(taint, device.tolerations ?? [])
        return atMs === undefined ? [] : [{ atMs, rules: rule === undefined ? [] : [rule] }]
      }),
    ),
  )
}

/** The first of them, for the reasons of all. */
export function earliest(evictions: readonly Eviction[]): Eviction | undefined {
  if (evictions.length === 0) return undefined
  return {
    atMs: Math.min(...evictions.map(({ atMs }) => atMs)),
    rules: [...new Set(evictions.flatMap(({ rules }) => rules))],
  }
}

interface FoundTaint {
  readonly taint: DeviceTaint
  /** Name of the rule that it comes from, if it does. */
  readonly rule?: string
}

function taintsOf(device: AllocatedDevice, { slicesOf, rules }: DeviceWorld): FoundTaint[] {
  const published = currentSlices(slicesOf(device.driver, device.pool))
    .flatMap(({ spec }) => spec.devices ?? [])
    .find(({ name }) => name === device.device)
  return [
    ...(published?.taints ?? []).map(taint => ({ taint })),
    ...rules
      .filter(rule => ruleSelects(rule, device))
      .map(({ metadata, spec }) => ({ taint: spec.taint, rule: metadata.name ?? '' })),
  ].filter(({ taint }) => taint.effect === 'NoExecute')
}

/** Counted from when the device was tainted, so that a restart of this process gives nobody more time. */
function leaveTime(taint: DeviceTaint, tolerations: readonly DeviceToleration[]) {
  const sinceMs = taint.timeAdded ? Date.parse(taint.timeAdded) : 0
  const fitting = tolerations.filter(toleration => tolerates(toleration, taint))
  if (fitting.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return undefined
  const limits = fitting.map(({ tolerationSeconds }) => Math.max(0, Number(tolerationSeconds)))
  return sinceMs + (limits.length > 0 ? Math.min(...limits) * 1000 : 0)
}

/** Unlike with nodes, only a toleration that names NoExecute lets a pod stay. */
function tolerates({ effect, key, operator, value }: DeviceToleration, taint: DeviceTaint) {
  if (effect !== 'NoExecute' || (key && key !== taint.key)) return false
  return operator === 'Exists' || (value ?? '') === (taint.value ?? '')
}
