/**
 * Gives claims of the class `standard` directories of nodes, so that a cluster has volumes without anybody's driver. Not one of
 * upstream's controllers: it runs where whoever starts the controllers can reach the nodes' disks.
 */
import { node } from '#api/core/v1/node.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import {
  DEFAULT_CLASS_ANNOTATIONS,
  defaultOf,
  storageClass,
} from '#api/storage/v1/storage-class.ts'
import { messageOf } from '#base/errors.ts'
import {
  type Controller,
  type ControllerContext,
  nothingToDo,
  type Outcome,
} from '../runner/controller.ts'
import {
  type Decision,
  PROVISIONER,
  provision,
  reclaim,
} from './local-path-provisioner.reconcile.ts'

/** The disks of nodes. */
export interface NodeDirectories {
  /** The directory below which volumes are on this node. */
  rootOf(node: string): string
  /** Makes a directory that every user may write to; does nothing on a node that is not reached, whose kubelet makes one. */
  make(node: string, path: string): Promise<void>
  /** Removes a directory with all that is in it; harmless where it is gone. Rejects for a node that is not reached. */
  remove(node: string, path: string): Promise<void>
}

const CLASS = 'standard'
const ENSURE_CLASS = `class/${CLASS}`

export function localPathProvisionerController(
  context: ControllerContext,
  directories: NodeDirectories,
): Controller {
  const claims = context.informers.for(persistentVolumeClaim)
  const volumes = context.informers.for(persistentVolume)
  const classes = context.informers.for(storageClass)
  const nodes = context.informers.for(node)
  const rootOf = (name: string) => directories.rootOf(name)
  const decide = (key: string): Decision => {
    const at = key.slice(key.indexOf('/') + 1)
    if (key.startsWith('volume/')) {
      const volume = volumes.get(at)
      return volume
        ? reclaim({ volume, nodes: () => nodes.list(), rootOf })
        : { outcome: nothingToDo }
    }
    const claim = claims.get(at)
    if (!claim) return { outcome: nothingToDo }
    return provision({
      claim,
      classNamed: name => classes.get(name),
      nodes: () => nodes.list(),
      volumes: () => volumes.list(),
      volumeNamed: name => volumes.get(name),
      rootOf,
    })
  }
  return {
    name: 'local-path-provisioner-controller',
    component: PROVISIONER,
    // One at a time, so that each sees where the volumes before it are.
    workers: 1,
    views: [
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
      { kind: storageClass, informer: classes },
      { kind: node, informer: nodes },
    ],
    wake(queue) {
      queue.add(ENSURE_CLASS)
      queue.onStop(claims.subscribe({ changed: claim => queue.add(`claim/${keyOf(claim)}`) }))
      queue.onStop(volumes.subscribe({ changed: volume => queue.add(`volume/${keyOf(volume)}`) }))
    },
    async reconcile(key) {
      if (key === ENSURE_CLASS) return ensureClass()
      const { outcome, directory } = decide(key)
      if (!directory) return outcome
      try {
        await directories[directory.verb](directory.node, directory.path)
        return outcome
      } catch (error) {
        return directory.failed(messageOf(error))
      }
    },
  }

  /** Once a start. A class of that name stays as whoever made it wants it, and another default stays the default. */
  function ensureClass(): Outcome {
    if (classes.get(CLASS)) return nothingToDo
    const isDefault = defaultOf(classes.list()) === undefined
    const annotations: Record<string, string> = isDefault
      ? { [DEFAULT_CLASS_ANNOTATIONS[0]]: 'true' }
      : {}
    const object = {
      metadata: { name: CLASS, annotations },
      provisioner: PROVISIONER,
      reclaimPolicy: 'Delete',
      // The scheduler chooses the node by all that the pod needs; its data can only follow.
      volumeBindingMode: 'WaitForFirstConsumer',
    }
    const tolerate = (error: unknown) => isStatus(error, 'AlreadyExists')
    return { writes: [{ verb: 'create', kind: storageClass, object, tolerate }] }
  }
}
