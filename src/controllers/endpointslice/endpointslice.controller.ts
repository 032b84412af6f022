/** Writes the EndpointSlices of Services that select pods. */
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { countSlices, movesIn, type SliceOutcome } from './endpointslice.figures.ts'
import { MANAGED_BY, MANAGER, reconcile, SERVICE_NAME } from './endpointslice.reconcile.ts'
import { podsBehind, selectsPods, wakeServices } from './service-pods.ts'

const BY_SERVICE = 'service'

export function endpointSliceController(context: ControllerContext): Controller {
  const services = context.informers.for(service)
  const pods = context.informers.for(pod)
  const nodes = context.informers.for(node)
  const slices = context.informers.for(endpointSlice)
  slices.addIndex(BY_SERVICE, slice => {
    const name = slice.metadata.labels?.[SERVICE_NAME]
    return isOwn(slice) && name ? [`${slice.metadata.namespace}/${name}`] : []
  })
  return {
    name: 'endpointslice-controller',
    component: 'endpoint-slice-controller',
    counted: countSlices(context.figures, {
      own: () => slices.list().filter(isOwn),
      trafficDistributionOf: key => services.get(key)?.spec.trafficDistribution ?? '',
    }),
    workers: 5,
    views: [
      { kind: service, informer: services },
      { kind: pod, informer: pods },
      { kind: node, informer: nodes },
      { kind: endpointSlice, informer: slices },
    ],
    wake(queue) {
      wakeServices(queue, services, pods)
      const wakeService = ({ metadata }: EndpointSlice) => {
        const name = metadata.labels?.[SERVICE_NAME]
        if (name && isOwn({ metadata })) queue.add(`${metadata.namespace}/${name}`)
      }
      queue.onStop(
        slices.subscribe({
          changed(next, previous) {
            // A slice that was taken from its Service is missed by the one it belonged to.
            if (previous) wakeService(previous)
            wakeService(next)
          },
          deleted: wakeService,
        }),
      )
    },
    reconcile(key) {
      const found = services.get(key)
      const existing = slices.by(BY_SERVICE, key)
      // Slices of a Service that is gone are collected with it; those of one that stopped selecting are what it serves until somebody says otherwise.
      if (!found || found.metadata.deletionTimestamp || !selectsPods(found)) return { writes: [] }
      const writes = reconcile({
        service: found,
        pods: podsBehind(found, pods),
        slices: existing,
        zoneOf: name => nodes.get(name)?.metadata.labels?.['topology.kubernetes.io/zone'],
        nowMs: context.clock.now(),
      })
      return {
        writes: [{ verb: 'batch', writes }],
        moved: movesIn(writes, existing),
      } as SliceOutcome
    },
  }
}

const isOwn = ({ metadata }: Pick<EndpointSlice, 'metadata'>): boolean =>
  metadata.labels?.[MANAGED_BY] === MANAGER
