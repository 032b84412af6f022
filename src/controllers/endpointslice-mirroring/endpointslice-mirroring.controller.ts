/** Mirrors Endpoints of Services without a selector in EndpointSlices, which is what proxies and DNS read. */
import { type Endpoints, endpoints } from '#api/core/v1/endpoints.ts'
import { service } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/endpointslice.reconcile.ts'
import { selectsPods } from '../endpointslice/service-pods.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { MIRROR, reconcile } from './endpointslice-mirroring.reconcile.ts'

const SKIP = 'endpointslice.kubernetes.io/skip-mirror'
/** Endpoints were once where leaders were elected; nobody serves there. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const BY_MIRRORED = 'mirrored'

export function endpointSliceMirroringController(context: ControllerContext): Controller {
  const all = context.informers.for(endpoints)
  const services = context.informers.for(service)
  const slices = context.informers.for(endpointSlice)
  slices.addIndex(BY_MIRRORED, slice => keysOf(slice))
  return {
    name: 'endpointslice-mirroring-controller',
    workers: 5,
    views: [
      { kind: endpoints, informer: all },
      { kind: service, informer: services },
      { kind: endpointSlice, informer: slices },
    ],
    wake(queue) {
      wakeSelf(queue, all)
      wakeSelf(queue, services)
      const wake = (slice: EndpointSlice) => {
        for (const key of keysOf(slice)) queue.add(key)
      }
      queue.onStop(slices.subscribe({ changed: wake, deleted: wake }))
    },
    reconcile(key) {
      const found = all.get(key)
      const behind = services.get(key)
      const isMirrored = found && behind && !selectsPods(behind) && mayMirror(found)
      const writes = reconcile({
        endpoints: isMirrored ? found : undefined,
        slices: slices.by(BY_MIRRORED, key),
      })
      return { writes }
    },
  }
}

const mayMirror = ({ metadata }: Endpoints): boolean =>
  metadata.labels?.[SKIP] !== 'true' && metadata.annotations?.[LEADER] === undefined

function keysOf({ metadata: { namespace, labels = {} } }: EndpointSlice): string[] {
  return labels[MANAGED_BY] === MIRROR ? [`${namespace}/${labels[SERVICE_NAME]}`] : []
}
