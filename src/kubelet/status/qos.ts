/** Quality of service: who is killed first when the node runs out of memory. Pure. */
import { quantityToMilli } from '#api/machinery/quantity.ts'
import type { Pod } from '../pod-types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const COUNTED = ['cpu', 'memory'] as const

export function qosClassOf(pod: Pod): QosClass {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  let any = false
  let guaranteed = containers.length > 0
  for (const { resources } of containers)
    for (const name of COUNTED) {
      const request = milli(resources?.requests?.[name])
      const limit = milli(resources?.limits?.[name])
      if (request > 0 || limit > 0) any = true
      if (limit === 0 || (resources?.requests?.[name] !== undefined && request !== limit))
        guaranteed = false
    }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

export const milli = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : quantityToMilli(quantity)
