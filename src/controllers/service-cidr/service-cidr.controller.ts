/** Keeps ranges of service addresses until no service has an address that is in no other range. */
import { ipAddress } from '#api/networking/v1/ip-address.ts'
import { serviceCidr } from '#api/networking/v1/service-cidr.ts'
import { overlaps } from '#base/prefix.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { prefixesOf, rangesOf, reconcile } from './service-cidr.reconcile.ts'

export function serviceCidrController(context: ControllerContext): Controller {
  const ranges = context.informers.for(serviceCidr)
  const addresses = context.informers.for(ipAddress, {
    labelSelector: 'ipaddress.kubernetes.io/managed-by=ipallocator.k8s.io',
  })
  return {
    name: 'service-cidr-controller',
    workers: 5,
    views: [
      { kind: serviceCidr, informer: ranges },
      { kind: ipAddress, informer: addresses },
    ],
    wake(queue) {
      const add = (name: string | undefined) => queue.add(name ?? '')
      queue.onStop(
        ranges.subscribe({
          changed(next, previous) {
            add(next.metadata.name)
            // A new one may let others go that it overlaps.
            if (previous) return
            for (const other of ranges.list())
              if (prefixesOf(other).some(one => prefixesOf(next).some(each => overlaps(one, each))))
                add(other.metadata.name)
          },
          deleted: gone => add(gone.metadata.name),
        }),
      )
      const wakeRanges = ({ metadata }: { metadata: { name?: string } }) => {
        for (const range of rangesOf(metadata.name ?? '', ranges.list())) add(range.metadata.name)
      }
      queue.onStop(
        addresses.subscribe({
          changed(next, previous) {
            if (!previous) wakeRanges(next)
          },
          deleted: wakeRanges,
        }),
      )
    },
    reconcile(key) {
      const range = ranges.get(key)
      if (!range) return nothingToDo
      return reconcile({
        range,
        ranges: ranges.list(),
        addresses: addresses.list().map(({ metadata }) => metadata.name ?? ''),
        nowMs: context.clock.now(),
      })
    },
  }
}
