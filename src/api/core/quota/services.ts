/** Services count with the ports of nodes that they take and the load balancers that they order. */
import { countOf } from '../../machinery/resource-list.ts'
import type { Service } from '../v1/service.ts'
import type { QuotaEvaluator } from './evaluator.ts'

const NAMES = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers']

export const serviceQuota: QuotaEvaluator = {
  // Their type may change.
  handles: ({ operation }) => operation === 'CREATE' || operation === 'UPDATE',
  measures: name => NAMES.includes(name),
  usage(object) {
    const { spec } = object as Service
    const isBalanced = spec.type === 'LoadBalancer'
    return new Map([
      ['count/services', countOf(1)],
      ['services', countOf(1)],
      ['services.nodeports', countOf(nodePortsOf(spec))],
      ['services.loadbalancers', countOf(isBalanced ? 1 : 0)],
    ])
  },
}

/** As many as there will be: none is allocated yet when a service is judged. */
function nodePortsOf({ type, ports = [], allocateLoadBalancerNodePorts }: Service['spec']): number {
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0
  const isFrugal = type === 'LoadBalancer' && allocateLoadBalancerNodePorts === false
  return isFrugal ? ports.filter(({ nodePort }) => nodePort).length : ports.length
}
