/** Warns of pods that could not share a volume once that is mounted with an SELinux label. Off by default, as upstream. */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { csiDriver } from '#api/storage/v1/csi-driver.ts'
import { BY_CLAIM, claimKeysOf, ephemeralClaimName, indexByClaim } from '../runner/claims.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { reconcile, type UsedVolume } from './selinux-warning.reconcile.ts'

export function selinuxWarningController(context: ControllerContext): Controller {
  const pods = context.informers.for(pod)
  const claims = context.informers.for(persistentVolumeClaim)
  const volumes = context.informers.for(persistentVolume)
  const drivers = context.informers.for(csiDriver)
  indexByClaim(pods)

  const isMountedWithLabel = ({ spec }: PersistentVolume): boolean =>
    Boolean(spec.iscsi ?? spec.fc) ||
    drivers.get(spec.csi?.driver ?? '')?.spec.seLinuxMount === true

  const volumesOf = (user: Pod): UsedVolume[] =>
    (user.spec.volumes ?? []).flatMap(({ name }) => {
      const key = claimOf(user, name)
      const volume = volumes.get(claims.get(key ?? '')?.spec.volumeName ?? '')
      // Of other volumes nobody asks for labels.
      if (key === undefined || !volume || !(volume.spec.csi ?? volume.spec.iscsi ?? volume.spec.fc))
        return []
      const others = pods
        .by(BY_CLAIM, key)
        .filter(({ metadata }) => metadata.uid !== user.metadata.uid)
      return [
        {
          name,
          isMountedWithLabel: isMountedWithLabel(volume),
          others: others.map(other => ({ pod: other, name: nameIn(other, key) })),
        },
      ]
    })

  return {
    name: 'selinux-warning-controller',
    component: 'selinux_warning',
    workers: 1,
    views: [
      { kind: pod, informer: pods },
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
      { kind: csiDriver, informer: drivers },
    ],
    wake(queue) {
      const wakeUsers = (claim: string) => {
        for (const user of pods.by(BY_CLAIM, claim)) queue.add(keyOf(user))
      }
      queue.onStop(
        pods.subscribe({
          changed(next, previous) {
            // What is compared never changes in a pod.
            if (!previous && claimKeysOf(next).length > 0) queue.add(keyOf(next))
          },
        }),
      )
      queue.onStop(
        claims.subscribe({
          changed(next, previous) {
            if (next.spec.volumeName !== previous?.spec.volumeName) wakeUsers(keyOf(next))
          },
        }),
      )
      queue.onStop(
        drivers.subscribe({
          changed(next, previous) {
            if (next.spec.seLinuxMount === previous?.spec.seLinuxMount) return
            for (const { spec } of volumes.list())
              if (spec.csi?.driver === next.metadata.name && spec.claimRef)
                wakeUsers(`${spec.claimRef.namespace}/${spec.claimRef.name}`)
          },
        }),
      )
    },
    reconcile(key) {
      const user = pods.get(key)
      return user ? reconcile(user, volumesOf(user)) : { writes: [] }
    },
  }
}

/** The claim behind a volume of a pod. */
function claimOf(user: Pod, volume: string): string | undefined {
  const found = user.spec.volumes?.find(({ name }) => name === volume)
  const { namespace } = user.metadata
  if (found?.persistentVolumeClaim) return `${namespace}/${found.persistentVolumeClaim.claimName}`
  return found?.ephemeral ? `${namespace}/${ephemeralClaimName(user, volume)}` : undefined
}

/** Under which name another pod has the same claim. */
function nameIn(user: Pod, claim: string): string {
  return user.spec.volumes?.find(({ name }) => claimOf(user, name) === claim)?.name ?? ''
}
