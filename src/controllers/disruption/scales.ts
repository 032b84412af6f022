/** Finds out how many pods the workload behind a pod is to have. */
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { replicationController } from '#api/core/v1/replication-controller.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import {
  controllerOf,
  type KubernetesObject,
  type OwnerReference,
} from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Informer } from '#client/informer.ts'
import type { ControllerContext, View } from '../runner/controller.ts'
import type { Scale } from './disruption.reconcile.ts'

export interface Scales {
  readonly views: readonly View[]
  /** Undefined where the owner is gone. Rejects where it cannot be scaled. */
  find(owner: OwnerReference, namespace: string): Promise<Scale | undefined>
}

type Sized = KubernetesObject & { readonly spec: { readonly replicas?: number } }

export function createScales(context: ControllerContext): Scales {
  const { informers } = context
  const followed: readonly { kind: AnyKind; informer: Informer<Sized> }[] = [
    replicationController,
    replicaSet,
    deployment,
    statefulSet,
  ].map(kind => ({ kind, informer: informers.for(kind) as unknown as Informer<Sized> }))

  /** In the view of a kind that is followed; `unknown` where it is not one of them. */
  const inView = (owner: OwnerReference, namespace: string): Sized | undefined | 'unknown' => {
    const group = groupOf(owner)
    const found = followed.find(({ kind }) => kind.kind === owner.kind && kind.group === group)
    if (!found) return 'unknown'
    const object = found.informer.get(`${namespace}/${owner.name}`)
    return object?.metadata.uid === owner.uid ? object : undefined
  }

  return {
    views: followed,
    async find(owner, namespace) {
      const object = inView(owner, namespace)
      if (object === 'unknown') return byDefinition(context, owner, namespace)
      const above = object && owner.kind === 'ReplicaSet' ? controllerOf(object) : undefined
      if (above?.kind === 'Deployment') {
        const parent = inView(above, namespace)
        return parent === 'unknown' ? undefined : parent && scaleOf(parent)
      }
      return object && scaleOf(object)
    },
  }
}

const groupOf = ({ apiVersion }: OwnerReference) =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''

function scaleOf({ metadata, spec }: Sized): Scale {
  return { uid: metadata.uid ?? '', replicas: spec.replicas ?? 1 }
}

/** Custom resources say in their definition where their size stands. */
async function byDefinition(
  { client, informers, kinds, customKinds }: ControllerContext,
  owner: OwnerReference,
  namespace: string,
): Promise<Scale | undefined> {
  const group = groupOf(owner)
  const isMeant = (kind: AnyKind) => kind.group === group && kind.kind === owner.kind
  const kind = kinds().find(isMeant)
  if (!kind)
    throw new Error(
      `no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`,
    )
  const name = group ? `${kind.plural}.${group}` : kind.plural
  const custom = customKinds.list().find(isMeant)
  const versions = custom && informers.for(customResourceDefinition).get(name)?.spec.versions
  const version = versions?.find(version => `${group}/${version.name}` === apiVersionOf(kind))
  const path = version?.subresources?.scale?.specReplicasPath
  if (!path) throw new Error(`${name} does not implement the scale subresource`)
  try {
    const object: KubernetesObject = await client.get(kind, owner.name, namespace)
    if (object.metadata.uid !== owner.uid) return undefined
    return { uid: owner.uid, replicas: numberAt(object, path) }
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

function numberAt(object: unknown, path: string): number {
  let value = object
  for (const part of path.split('.').filter(Boolean))
    value = (value as Record<string, unknown> | undefined)?.[part]
  return typeof value === 'number' ? value : 0
}
