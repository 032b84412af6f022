/** Turns the name of a pod's priority class into its number. Until PriorityClass is a kind, the two built-in classes are all there are. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concernsPods, refused } from './requests.ts'

const CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
])

export const priority: AdmissionStep = {
  name: 'Priority',
  mutate(request, draft) {
    if (!concernsPods(request)) return
    const { spec } = asPod(draft)
    if (request.operation === 'UPDATE') return keep(request, spec)
    const name = spec.priorityClassName
    const computed = name ? CLASSES.get(name) : 0
    if (computed === undefined)
      throw refused(request, `no PriorityClass with name ${name} was found`)
    // A number that a client brings must be the one of its class, or it would choose its own importance.
    if (spec.priority !== undefined && spec.priority !== computed)
      throw refused(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
      )
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== 'PreemptLowerPriority')
      throw refused(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name`,
      )
    spec.priority = computed
    spec.preemptionPolicy = 'PreemptLowerPriority'
  },
}

/** Clients that do not know the computed fields leave them out of their updates. */
function keep(request: AdmissionRequest, spec: Pod['spec']): void {
  const before = request.oldObject === undefined ? undefined : asPod(request.oldObject).spec
  if (spec.priority === undefined && before?.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before?.preemptionPolicy !== undefined)
    spec.preemptionPolicy = before.preemptionPolicy
}
