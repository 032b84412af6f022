/** A new node takes no pods until its kubelet has reported that it is ready. */
import type { Node } from '#api/core/v1/node.ts'
import type { AdmissionStep } from './admission.ts'
import { concerns } from './requests.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'

export const taintNodesByCondition: AdmissionStep = {
  name: 'TaintNodesByCondition',
  resources: ['nodes'],
  mutate(request, draft) {
    if (request.operation !== 'CREATE' || request.subresource !== '') return
    if (!concerns(request, '', 'nodes')) return
    const node = draft as Node
    const taints = node.spec?.taints ?? []
    if (taints.some(({ key, effect }) => key === NOT_READY && effect === 'NoSchedule')) return
    node.spec = { ...node.spec, taints: [...taints, { key: NOT_READY, effect: 'NoSchedule' }] }
  },
}
