/**
 * Services of type LoadBalancer on machines without a cloud: they get the nodes' own addresses. Upstream leaves them to cloud controller
 * managers, under this name; it runs where whoever starts the controllers knows the machines.
 */
import { type Node, node } from '#api/core/v1/node.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import {
  type BalancerWorld,
  isBalanced as isBalancedBy,
  reconcile,
} from './service-lb.reconcile.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'

export type TakenPorts = BalancerWorld['takenPorts']

export function serviceLbController(
  context: ControllerContext,
  { takenPorts, byClassOnly }: Pick<BalancerWorld, 'takenPorts' | 'byClassOnly'>,
): Controller {
  const isBalanced = (found: Service) => isBalancedBy(found, byClassOnly)
  const services = context.informers.for(service)
  const nodes = context.informers.for(node)
  const slices = context.informers.for(endpointSlice)
  const slicesOf = ({ metadata }: Service) =>
    slices
      .list()
      .filter(
        slice =>
          slice.metadata.namespace === metadata.namespace &&
          slice.metadata.labels?.[SERVICE_NAME] === metadata.name,
      )
  return {
    name: 'service-lb-controller',
    component: 'service-controller',
    // One at a time, so that each sees which ports those before it have.
    workers: 1,
    views: [
      { kind: service, informer: services },
      { kind: node, informer: nodes },
      { kind: endpointSlice, informer: slices },
    ],
    wake(queue) {
      const wakeAll = () => {
        for (const each of services.list()) if (isBalanced(each)) queue.add(keyOf(each))
      }
      queue.onStop(
        services.subscribe({
          changed(next, previous) {
            if (isBalanced(next)) queue.add(keyOf(next))
            // Whoever waited for its ports may have them now.
            if (previous && isBalanced(previous) && previous.spec !== next.spec) wakeAll()
          },
          deleted: gone => {
            if (isBalanced(gone)) wakeAll()
          },
        }),
      )
      queue.onStop(
        nodes.subscribe({
          changed(next, previous) {
            if (!previous || placeOf(next) !== placeOf(previous)) wakeAll()
          },
          deleted: wakeAll,
        }),
      )
      const wakeOwner = ({ metadata }: { metadata: Service['metadata'] }) => {
        const key = `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`
        const owner = services.get(key)
        if (owner && isBalanced(owner) && owner.spec.externalTrafficPolicy === 'Local')
          queue.add(key)
      }
      queue.onStop(slices.subscribe({ changed: wakeOwner, deleted: wakeOwner }))
    },
    reconcile(key) {
      const found = services.get(key)
      if (!found) return { writes: [] }
      const world = {
        nodes: nodes.list(),
        services: services.list(),
        slicesOf,
        takenPorts,
        ...(byClassOnly ? { byClassOnly } : {}),
      }
      return reconcile(found, world)
    },
  }
}

/** All of a node that matters here. */
const placeOf = ({ metadata, status }: Node) =>
  JSON.stringify([
    metadata.labels,
    metadata.deletionTimestamp,
    status.addresses,
    status.conditions?.find(({ type }) => type === 'Ready')?.status,
  ])
