/** Writes the Endpoints object of Services that select pods, for clients that do not read EndpointSlices yet. */
import { type Endpoints, endpoints } from '#api/core/v1/endpoints.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { service } from '#api/core/v1/service.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { podsBehind, selectsPods, wakeServices } from '../endpointslice/service-pods.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { MANAGED_BY, MANAGER, reconcile } from './endpoints.reconcile.ts'

export function endpointsController(context: ControllerContext): Controller {
  const services = context.informers.for(service)
  const pods = context.informers.for(pod)
  const all = context.informers.for(endpoints)
  return {
    name: 'endpoints-controller',
    component: 'endpoint-controller',
    workers: 5,
    views: [
      { kind: service, informer: services },
      { kind: pod, informer: pods },
      { kind: endpoints, informer: all },
    ],
    wake(queue) {
      wakeServices(queue, services, pods)
      const wake = (found: Endpoints) => {
        if (services.get(keyOf(found))) queue.add(keyOf(found))
      }
      queue.onStop(all.subscribe({ changed: wake, deleted: wake }))
    },
    reconcile(key) {
      const found = services.get(key)
      const existing = all.get(key)
      if (!found) {
        const own = existing?.metadata.labels?.[MANAGED_BY] === MANAGER
        return {
          writes: existing && own ? [{ verb: 'delete', kind: endpoints, object: existing }] : [],
        }
      }
      if (!selectsPods(found)) return { writes: [] }
      const nowMs = context.clock.now()
      return {
        writes: reconcile({ service: found, pods: podsBehind(found, pods), existing, nowMs }),
      }
    },
  }
}
