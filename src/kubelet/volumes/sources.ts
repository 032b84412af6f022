/** What is to be mounted for a volume of a pod, whether it stands in the pod or behind a claim. Pure. */
import { podDirectory } from '../containers/hosts-mount.ts'
import { type Pod, uidOf, type Volume } from '../pod-types.ts'
import type { Claimed } from './csi/csi-mount.ts'
import { csiPlugin } from './storage-figures.ts'

export interface NfsSource {
  readonly kind: 'nfs'
  readonly specName: string
  readonly server: string
  readonly path: string
  readonly options: readonly string[]
  readonly target: string
}

/** Something of the node itself: a directory, or a device with or without a file system. */
export interface LocalSource {
  readonly kind: 'localDevice' | 'localFiles'
  readonly specName: string
  readonly path: string
  /** Empty where any will do. */
  readonly fsType: string
  readonly options: readonly string[]
  /** In the pod's directory: a link to the device, or where the device's file system is mounted. */
  readonly target: string
}

/** Its driver mounts it, where drivers can run. */
export interface CsiSource {
  readonly kind: 'csi'
  readonly driver: string
  readonly volume: Volume
  /** Undefined for one that stands in the pod. */
  readonly claimed: Claimed | undefined
}

export type Source =
  | { readonly kind: 'own'; readonly volume: Volume }
  | CsiSource
  | NfsSource
  | LocalSource

const LOCAL = 'kubernetes.io~local-volume'
const NFS = 'kubernetes.io~nfs'

/** Throws where the volume behind a claim is of a sort that no node mounts. `root` is the kubelet's directory. */
export function sourceOf(
  pod: Pod,
  volume: Volume,
  claimed: Claimed | undefined,
  root: string,
): Source {
  const directory = podDirectory(root, uidOf(pod))
  if (!claimed) {
    if (volume.csi) return { kind: 'csi', driver: volume.csi.driver, volume, claimed }
    if (!volume.nfs) return { kind: 'own', volume }
    const { server, path, readOnly } = volume.nfs
    const target = `${directory}/volumes/${NFS}/${volume.name}`
    const options = readOnly ? ['ro'] : []
    return { kind: 'nfs', specName: volume.name, server, path, options, target }
  }
  const { metadata, spec } = claimed.volume
  const specName = metadata.name ?? ''
  const isReadOnly = volume.persistentVolumeClaim?.readOnly === true
  const options = [
    ...(isReadOnly || spec.nfs?.readOnly ? ['ro'] : []),
    ...(spec.mountOptions ?? []),
  ]
  if (spec.csi) return { kind: 'csi', driver: spec.csi.driver, volume, claimed }
  if (spec.local) {
    const { path, fsType = '' } = spec.local
    const isBlock = spec.volumeMode === 'Block'
    const target = `${directory}/${isBlock ? 'volumeDevices' : 'volumes'}/${LOCAL}/${specName}`
    return {
      kind: isBlock ? 'localDevice' : 'localFiles',
      ...{ specName, path, fsType, options, target },
    }
  }
  if (spec.volumeMode === 'Block') throw new Error(UNMAPPABLE)
  if (spec.hostPath)
    return { kind: 'own', volume: { name: volume.name, hostPath: spec.hostPath } as Volume }
  if (spec.nfs) {
    const { server, path } = spec.nfs
    const target = `${directory}/volumes/${NFS}/${specName}`
    return { kind: 'nfs', specName, server, path, options, target }
  }
  const found = Object.keys(spec).find(key => UNSERVED.has(key)) ?? 'unknown'
  throw new Error(unmountable(found))
}

/** As upstream's figures name it. */
export function pluginNameOf(source: Source): string {
  if (source.kind === 'csi') return csiPlugin(source.driver)
  if (source.kind === 'nfs') return 'kubernetes.io/nfs'
  if (source.kind !== 'own') return 'kubernetes.io/local-volume'
  const name = Object.keys(source.volume).find(key => key !== 'name') ?? 'unknown'
  if (name === 'downwardAPI') return 'kubernetes.io/downward-api'
  return `kubernetes.io/${name === 'configMap' ? 'configmap' : name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

export const UNMAPPABLE = "this node can't map volumes as block devices, only mount file systems"

export const unmountable = (kind: string): string =>
  `this node can't mount volumes of this type (${kind})`

/** Sources that the API still has; for the message only. */
const UNSERVED = new Set(['iscsi', 'fc', 'flexVolume', 'rbd', 'cephfs', 'azureFile'])
