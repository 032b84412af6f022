/** Taints of devices: what drivers publish, and what rules of administrators add. */
import { ruleSelects } from '#api/resource/v1/device-taints.ts'
import type { DeviceTaint } from '#api/resource/v1/devices.schema.ts'
import type { DeviceToleration } from '#api/resource/v1/requests.schema.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import { deviceTaintRule } from '#api/resource/v1beta2/device-taint-rule.ts'
import { actions, type EventInterest } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Candidate } from './dynamic-resources.pools.ts'

/** Rules that go or change may let claims have devices again. */
const interests: readonly EventInterest[] = [
  { resource: 'DeviceTaintRule', action: actions.updateOther | actions.delete },
]
const NONE: readonly never[] = []

type TaintsOf = (candidate: Candidate) => readonly DeviceTaint[]

export interface DeviceTaints {
  /** By the rules of this moment: they are read once, however many devices are asked about. */
  readonly now: () => TaintsOf
  readonly interests: readonly EventInterest[]
}

export function createDeviceTaints({ enabled, informers }: Handle): DeviceTaints {
  if (!enabled('DRADeviceTaints')) return { now: () => () => NONE, interests: NONE }
  if (!enabled('DRADeviceTaintRules')) return { now: () => published, interests: NONE }
  const rules = informers.for(deviceTaintRule)
  return {
    now() {
      const all = rules.list()
      return all.length === 0 ? published : candidate => withRules(candidate, all)
    },
    interests,
  }
}

const published: TaintsOf = ({ device }) => device.taints ?? NONE

function withRules(
  candidate: Candidate,
  rules: readonly DeviceTaintRule[],
): readonly DeviceTaint[] {
  const device = { ...candidate, device: candidate.device.name }
  const added = rules.filter(rule => ruleSelects(rule, device)).map(({ spec }) => spec.taint)
  return [...published(candidate), ...added]
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
