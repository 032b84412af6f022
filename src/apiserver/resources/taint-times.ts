/** Notes when a taint of a device came, where the client does not say: from then on the seconds of tolerations are counted. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.schema.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import type { ResourceHooks } from './hooks.ts'
import { nowOf, type Write } from './write.ts'

export const sliceHooks: ResourceHooks = { complete: stampSlice, prepare: stampSlice }

function stampSlice(write: Write, draft: KubernetesObject): void {
  for (const { taints = [] } of (draft as ResourceSlice).spec.devices ?? [])
    for (const taint of taints) taint.timeAdded ??= nowOf(write)
}

export const taintRuleHooks: ResourceHooks = {
  complete: stampRule,
  prepare(write, draft, previous) {
    if (write.subresource !== '') return
    const { taint } = (draft as DeviceTaintRule).spec
    const before = (previous as DeviceTaintRule | undefined)?.spec.taint
    // The time is that of the effect, so another effect begins anew.
    if (before && taint.effect !== before.effect && taint.timeAdded === before.timeAdded)
      taint.timeAdded = nowOf(write)
    else stampRule(write, draft)
  },
}

function stampRule(write: Write, draft: KubernetesObject): void {
  ;(draft as DeviceTaintRule).spec.taint.timeAdded ??= nowOf(write)
}
