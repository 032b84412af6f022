/** Pods learn the zone and region of their node by labels, which their containers can read. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod, concerns } from './requests.ts'
import type { AdmissionWorld } from './world.ts'

const LABELS = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone']

export function podTopologyLabels({ node }: Pick<AdmissionWorld, 'node'>): AdmissionStep {
  const label = async (draft: KubernetesObject, nodeName: string) => {
    const given = (await node(nodeName))?.metadata.labels ?? {}
    for (const name of LABELS) {
      const value = given[name]
      if (value !== undefined) draft.metadata.labels = { ...draft.metadata.labels, [name]: value }
    }
  }
  return {
    name: 'PodTopologyLabels',
    resources: ['pods'],
    mutate(request, draft) {
      if (!isPlaced(request)) return undefined
      const { nodeName = '' } = asPod(draft).spec
      return nodeName === '' ? undefined : label(draft, nodeName)
    },
  }
}

/** A pod is made, perhaps for a node, or a binding writes its node into it. */
function isPlaced(request: AdmissionRequest): boolean {
  if (!concerns(request, '', 'pods')) return false
  const { operation, subresource } = request
  return subresource === 'binding' || (subresource === '' && operation === 'CREATE')
}
