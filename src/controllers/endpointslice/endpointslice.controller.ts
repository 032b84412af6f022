/** Writes the EndpointSlices of Services that select pods. */
import { node } from '#api/core/v1/node.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { type Service, service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Controller, ControllerContext, Write } from '../runner/controller.ts'
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
  /** Services behind which pods are whose node is not known. */
  const withLost = new Set<string>()
  const hasNode = ({ spec }: Pod) => nodes.get(spec.nodeName ?? '') !== undefined
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
        nodes.subscribe({
          changed(_, previous) {
            if (!previous) for (const key of withLost) queue.add(key)
          },
        }),
      )
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
      withLost.delete(key)
      if (!found || found.metadata.deletionTimestamp || !selectsPods(found)) return { writes: [] }
      const behind = podsBehind(found, pods)
      const lost = found.spec.publishNotReadyAddresses ? [] : behind.filter(pod => !hasNode(pod))
      const writes = reconcile({
        service: found,
        pods: lost.length > 0 ? behind.filter(hasNode) : behind,
        slices: existing,
        zoneOf: name => nodes.get(name)?.metadata.labels?.['topology.kubernetes.io/zone'],
        nowMs: context.clock.now(),
      })
      const outcome: SliceOutcome = {
        writes: [{ verb: 'batch', writes }],
        moved: movesIn(writes, existing),
      }
      if (lost.length === 0) return outcome
      withLost.add(key)
      const writesAndEvent = [...outcome.writes, lostEvent(found, lost)]
      return { ...outcome, writes: writesAndEvent, againWithBackoff: true }
    },
  }
}

const isOwn = ({ metadata }: Pick<EndpointSlice, 'metadata'>): boolean =>
  metadata.labels?.[MANAGED_BY] === MANAGER

/** Nobody reaches pods of a node that was taken away; they are left out until it is back, or they are gone. */
function lostEvent(found: Service, lost: readonly Pod[]): Write {
  const { namespace, name } = found.metadata
  const service = `${namespace}/${name}`
  const causes = lost.map(
    ({ metadata, spec }) =>
      `skipping Pod ${metadata.name} for Service ${service}: Node ${spec.nodeName} Not Found`,
  )
  const why = causes.length === 1 ? causes[0] : `[${causes.join(', ')}]`
  return {
    verb: 'event',
    about: found,
    type: 'Warning',
    reason: 'FailedToUpdateEndpointSlices',
    text: { message: `Error updating Endpoint Slices for Service ${service}: ${why}` },
  }
}
