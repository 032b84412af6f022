/** Nodes with special devices are often tainted with the name of their resource; pods that ask for it may go there. */
import { isExtendedResource } from '#api/core/v1/resource-names.ts'
import type { AdmissionStep } from '../admission.ts'
import { asPod, concernsPods } from '../requests.ts'

export const extendedResourceToleration: AdmissionStep = {
  name: 'ExtendedResourceToleration',
  resources: ['pods'],
  mutate(request, draft) {
    if (!concernsPods(request)) return
    const { spec } = asPod(draft)
    const asked = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(
      ({ resources }) => Object.keys(resources?.requests ?? {}),
    )
    for (const key of [...new Set(asked)].filter(isExtendedResource).sort()) {
      const isThere = spec.tolerations?.some(
        each => each.key === key && each.operator === 'Exists' && each.effect === 'NoSchedule',
      )
      const added = { key, operator: 'Exists' as const, effect: 'NoSchedule' as const }
      if (!isThere) spec.tolerations = [...(spec.tolerations ?? []), added]
    }
  },
}
