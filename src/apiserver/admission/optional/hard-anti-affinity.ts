/** Pods that will not stand others in a whole zone would keep it for themselves: only whole nodes may be asked for. */
import type { AdmissionStep } from '../admission.ts'
import { asPod, concernsPods, refused } from '../requests.ts'

const HOSTNAME = 'kubernetes.io/hostname'

export const limitPodHardAntiAffinityTopology: AdmissionStep = {
  name: 'LimitPodHardAntiAffinityTopology',
  resources: ['pods'],
  validate(request) {
    if (!request.object || !concernsPods(request)) return
    const { affinity } = asPod(request.object).spec
    const terms = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const other = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME)
    if (other)
      throw refused(
        request,
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${HOSTNAME} is allowed`,
      )
  },
}
