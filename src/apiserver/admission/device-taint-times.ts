/** Notes when a taint of a device came, where the client does not say: from then on the seconds of tolerations are counted. */
import type { ResourceSlice } from '#api/resource/v1/resource-slice.schema.ts'
import type { DeviceTaintRule } from '#api/resource/v1alpha3/device-taint-rule.ts'
import { rfc3339 } from '#base/clock.ts'
import type { AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const GROUP = 'resource.k8s.io'

export function deviceTaintTimes({ clock }: Pick<AdmissionWorld, 'clock'>): AdmissionStep {
  const now = () => rfc3339(clock.now())
  return {
    name: 'DeviceTaintTimes',
    mutate(request, draft) {
      if (request.subresource !== '') return
      if (concerns(request, GROUP, 'resourceslices')) {
        for (const { taints = [] } of (draft as ResourceSlice).spec.devices ?? [])
          for (const taint of taints) taint.timeAdded ??= now()
      } else if (concerns(request, GROUP, 'devicetaintrules')) {
        const { taint } = (draft as DeviceTaintRule).spec
        const before = (request.oldObject as DeviceTaintRule | undefined)?.spec.taint
        // The time is that of the effect, so another effect begins anew.
        if (before && taint.effect !== before.effect && taint.timeAdded === before.timeAdded)
          taint.timeAdded = now()
        else taint.timeAdded ??= now()
      }
    },
  }
}
