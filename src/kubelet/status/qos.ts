/** Quality of service: who is killed first when the node runs out of memory. Pure. */
import { qualityOfServiceOf } from '#api/core/v1/pod/qos.ts'
import { quantityToMilli } from '#api/machinery/quantity.ts'
import type { Pod } from '../pod-types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

export const qosClassOf = ({ spec }: Pod): QosClass =>
  spec ? qualityOfServiceOf(spec) : 'BestEffort'

export const milli = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : quantityToMilli(quantity)
