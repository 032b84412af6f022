/** Binds claims to volumes, has volumes made for claims that find none, and says what becomes of a volume whose claim is gone. */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { classOf } from '#api/core/v1/storage.ts'
import { bestVolume } from '#api/core/v1/volume-binding.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { storageClass } from '#api/storage/v1/storage-class.ts'
import type { Client } from '#client/client.ts'
import type { Informer } from '#client/informer.ts'
import { BY_CLAIM, claimKeysOf, indexByClaim } from '../runner/claims.ts'
import {
  type Controller,
  type ControllerContext,
  nothingToDo,
  type Wakeup,
} from '../runner/controller.ts'
import { countClaimsAndVolumes } from './persistentvolume-binder.figures.ts'
import { reconcileClaim } from './persistentvolume-binder.reconcile.claim.ts'
import { reconcileVolume } from './persistentvolume-binder.reconcile.volume.ts'
import { VolumePromises } from './volume-promises.ts'

/** Volumes under the claim that they are kept for, `claim/NAMESPACE/NAME`, or free under `free/CLASS`. */
const BY_PLACE = 'binder'
/** Claims under the volume that they name, `volume/NAME`, or waiting under `class/CLASS`. */
const BY_WISH = 'binder'

/** Keys are of two sorts, as claims and volumes are looked at in one queue. */
const claimKey = (claim: PersistentVolumeClaim) => `claim/${keyOf(claim)}`
const volumeKey = (name: string) => `volume/${name}`

/** How many claims a free volume wakes: each that is bound wakes the next, so that a thousand claims are not asked a thousand times. */
const WAKE_LIMIT = 20

interface Views {
  readonly claims: Informer<PersistentVolumeClaim>
  readonly volumes: Informer<PersistentVolume>
  readonly promises: VolumePromises
}

export function persistentVolumeBinderController(context: ControllerContext): Controller {
  const claims = context.informers.for(persistentVolumeClaim)
  const volumes = context.informers.for(persistentVolume)
  const classes = context.informers.for(storageClass)
  const pods = context.informers.for(pod)
  const promises = new VolumePromises()
  indexByClaim(pods)
  volumes.addIndex(BY_PLACE, volume => [placeOf(volume)])
  claims.addIndex(BY_WISH, claim => [wishOf(claim)])
  countClaimsAndVolumes(
    context.figures,
    () => claims.list(),
    () => volumes.list(),
  )
  const liveClaimAt = (key: string) => liveClaim(context.client, key)
  return {
    name: 'persistentvolume-binder-controller',
    component: 'persistentvolume-controller',
    // One at a time: two that look for a volume at once would take the same.
    workers: 1,
    views: [
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
      { kind: storageClass, informer: classes },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      wakeByClaims(queue, { claims, volumes, promises })
      wakeByVolumes(queue, { claims, volumes, promises })
      queue.onStop(
        classes.subscribe({
          changed({ metadata }) {
            // It may be the default that claims without a class were waiting for.
            for (const wish of [`class/${metadata.name}`, 'class/'])
              for (const claim of claims.by(BY_WISH, wish)) queue.add(claimKey(claim))
          },
        }),
      )
      queue.onStop(pods.subscribe({ changed: wakeByPod(queue, claims) }))
    },
    reconcile(key) {
      const at = key.slice(key.indexOf('/') + 1)
      if (key.startsWith('volume/')) {
        const volume = volumes.get(at)
        if (!volume) return nothingToDo
        const claimAt = (claim: string) => claims.get(claim)
        const podsOf = (claim: string) => pods.by(BY_CLAIM, claim)
        return reconcileVolume({ volume, claimAt, liveClaimAt, podsOf })
      }
      const claim = claims.get(at)
      if (!claim) return nothingToDo
      return reconcileClaim({
        claim,
        volumeNamed: name => volumes.get(name),
        volumes: () => [
          ...volumes.by(BY_PLACE, `claim/${at}`),
          ...volumes.by(BY_PLACE, `free/${classOf(claim)}`),
        ],
        classes: () => classes.list(),
        pods: () => pods.by(BY_CLAIM, at),
        promises,
      })
    },
  }
}

function placeOf(volume: PersistentVolume): string {
  const { claimRef } = volume.spec
  return claimRef ? `claim/${claimRef.namespace}/${claimRef.name}` : `free/${classOf(volume)}`
}

function wishOf(claim: PersistentVolumeClaim): string {
  const { volumeName } = claim.spec
  return volumeName ? volumeKey(volumeName) : `class/${classOf(claim)}`
}

async function liveClaim(client: Client, key: string): Promise<PersistentVolumeClaim | undefined> {
  const [namespace = '', name = ''] = key.split('/')
  try {
    return await client.get(persistentVolumeClaim, name, namespace)
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

function wakeByClaims(queue: Wakeup, views: Views): void {
  const { claims, volumes, promises } = views
  const wakeVolumes = (claim: PersistentVolumeClaim) => {
    if (claim.spec.volumeName) queue.add(volumeKey(claim.spec.volumeName))
    for (const { metadata } of volumes.by(BY_PLACE, `claim/${keyOf(claim)}`))
      queue.add(volumeKey(metadata.name ?? ''))
  }
  queue.onStop(
    claims.subscribe({
      changed(claim, previous) {
        queue.add(claimKey(claim))
        wakeVolumes(claim)
        if (!claim.spec.volumeName) return
        promises.endOf(claim.metadata.uid ?? '')
        if (previous && !previous.spec.volumeName) wakeWaiting(queue, views, classOf(claim))
      },
      deleted(claim) {
        promises.endOf(claim.metadata.uid ?? '')
        wakeVolumes(claim)
      },
    }),
  )
}

function wakeByVolumes(queue: Wakeup, views: Views): void {
  const { claims, volumes } = views
  const wakeClaims = ({ metadata, spec }: PersistentVolume) => {
    const { claimRef } = spec
    if (claimRef) queue.add(`claim/${claimRef.namespace}/${claimRef.name}`)
    for (const claim of claims.by(BY_WISH, volumeKey(metadata.name ?? '')))
      queue.add(claimKey(claim))
  }
  queue.onStop(
    volumes.subscribe({
      changed(volume, previous) {
        queue.add(volumeKey(volume.metadata.name ?? ''))
        wakeClaims(volume)
        if (previous?.spec.claimRef) wakeClaims(previous)
        if (!volume.spec.claimRef) wakeWaiting(queue, views, classOf(volume))
      },
      deleted: wakeClaims,
    }),
  )
}

/** Looks at some of the claims that a free volume of the class would suit. */
function wakeWaiting(queue: Wakeup, { claims, volumes, promises }: Views, name: string): void {
  const free = volumes
    .by(BY_PLACE, `free/${name}`)
    .filter(volume => volume.status.phase === 'Available' && !promises.isGiven(volume))
    .slice(0, WAKE_LIMIT)
  if (free.length === 0) return
  let woken = 0
  for (const claim of claims.by(BY_WISH, `class/${name}`)) {
    if (promises.has(claim)) continue
    if (!free.some(volume => bestVolume(claim, [volume], () => true))) continue
    queue.add(claimKey(claim))
    if (++woken >= WAKE_LIMIT) return
  }
}

/** Claims that wait for the scheduler say for which pods. */
const wakeByPod =
  (queue: Wakeup, claims: Informer<PersistentVolumeClaim>) =>
  (next: Pod, previous: Pod | undefined): void => {
    if (previous) return
    for (const key of claimKeysOf(next))
      if (claims.get(key)?.status.phase === 'Pending') queue.add(`claim/${key}`)
  }
