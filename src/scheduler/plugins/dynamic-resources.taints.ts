/** Taints of devices: what drivers publish, and what rules of administrators add. */
import { ruleSelects } from '#api/resource/v1/device-taints.ts'
import type { DeviceTaint } from '#api/resource/v1/devices.schema.ts'
import type { DeviceToleration } from '#api/resource/v1/requests.schema.ts'
import { deviceTaintRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import { actions, type EventInterest } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Candidate } from './dynamic-resources.pools.ts'

/** Rules that go or change may let claims have devices again. */
const interests: readonly EventInterest[] = [
  { resource: 'DeviceTaintRule', action: actions.updateOther | actions.delete },
]
const NONE: readonly never[] = []

export interface DeviceTaints {
  readonly taintsOf: (candidate: Candidate) => readonly DeviceTaint[]
  readonly interests: readonly EventInterest[]
}

export function createDeviceTaints({ enabled, informers }: Handle): DeviceTaints {
  if (!enabled('DRADeviceTaints')) return { taintsOf: () => NONE, interests: NONE }
  const published = ({ device }: Candidate) => device.taints ?? NONE
  if (!enabled('DRADeviceTaintRules')) return { taintsOf: published, interests: NONE }
  const rules = informers.for(deviceTaintRule)
  return {
    taintsOf: candidate => [
      ...published(candidate),
      ...rules
        .list()
        .filter(rule => ruleSelects(rule, { ...candidate, device: candidate.device.name }))
        .map(({ spec }) => spec.taint),
    ],
    interests,
  }
}

export function areTolerated(
  taints: readonly DeviceTaint[],
  tolerations: readonly DeviceToleration[] = NONE,
): boolean {
  return taints.every(
    taint =>
      taint.effect === 'None' ||
      tolerations.some(({ key, operator, value, effect }) => {
        if ((effect && effect !== taint.effect) || (key && key !== taint.key)) return false
        return operator === 'Exists' || (value ?? '') === (taint.value ?? '')
      }),
  )
}
