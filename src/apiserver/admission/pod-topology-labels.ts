/** Pods learn the zone and region of their node by labels, which their containers can read. */
import type { Binding } from '#api/core/v1/binding.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { AdmissionRequest, AdmissionStep } from './admission.ts'
import { asPod } from './requests.ts'
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
      const nodeName = placeIn(request, draft)
      return nodeName === '' ? undefined : label(draft, nodeName)
    },
  }
}

/** A pod is made, perhaps for a node, or bound to one, whose binding brings it the labels; '' for anything else. */
function placeIn({ operation, subresource }: AdmissionRequest, draft: KubernetesObject): string {
  if (operation !== 'CREATE') return ''
  if (subresource === 'binding') return (draft as Binding).target.name ?? ''
  return subresource === '' ? (asPod(draft).spec.nodeName ?? '') : ''
}
