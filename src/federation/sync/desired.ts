/** What of an object on the host is applied in a cluster. */
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { APPLIED, CLUSTER_NAME, FEDERATED, isOurs, PLACED_BY } from '../names.ts'
import { contains } from './contains.ts'
import { digestOf } from './digest.ts'
import type { FederatedKind } from './federated-kinds.ts'
import { type Fields, fieldsOf, specOf } from './fields.ts'

/** Other controllers of the host wrote them about the host. */
const LEFT_BEHIND = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
])

/** Every namespace has its own name there. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name'

export interface Target {
  /** Of the federation. */
  readonly uid: string
  readonly cluster: string
  /** What is this cluster's own of the spec, such as `replicas`. */
  readonly share?: Fields
}

/** A whole object, with a digest of itself. */
export function desiredObject(
  { kind, strip, ownLabels = [] }: FederatedKind,
  object: KubernetesObject,
  { uid, cluster, share = {} }: Target,
): KubernetesObject {
  const { name, namespace, labels, annotations } = object.metadata
  const {
    apiVersion: _,
    kind: __,
    metadata: ___,
    status: ____,
    spec: _____,
    ...rest
  } = object as unknown as Fields
  const isNamespace = kind.kind === 'Namespace' && kind.group === ''
  const stripped = strip ? strip(specOf(object)) : specOf(object)
  const spec =
    isNamespace || !Object.hasOwn(object, 'spec') ? {} : { spec: { ...stripped, ...share } }
  const said = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        ...kept(
          labels,
          key => key !== FEDERATED && key !== NAMESPACE_NAME && !ownLabels.includes(key),
        ),
        [PLACED_BY]: uid,
      },
      annotations: {
        ...kept(annotations, key => !isOurs(key) && !LEFT_BEHIND.has(key)),
        [CLUSTER_NAME]: cluster,
      },
    },
    ...rest,
    ...spec,
  }
  // Whose it is stands here, too: a label is easily lost.
  const digest = { [APPLIED]: `${digestOf(said)}@${uid}` }
  const metadata = { ...said.metadata, annotations: { ...said.metadata.annotations, ...digest } }
  return { ...said, metadata } as unknown as KubernetesObject
}

const kept = (
  map: Readonly<Record<string, string>> | undefined,
  isKept: (key: string) => boolean,
): Record<string, string> =>
  Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => isKept(key)))

/** Whether the copy is as it was wished, the digest included: fields that are no longer wished are to go, too. */
export function isAsDesired(copy: KubernetesObject, desired: KubernetesObject): boolean {
  const { metadata, ...wanted } = desired as unknown as Fields
  const { labels, annotations } = fieldsOf(metadata)
  const { apiVersion: _, kind: __, ...rest } = wanted
  return (
    contains(copy.metadata.labels, labels) &&
    contains(copy.metadata.annotations, annotations) &&
    contains(copy, rest)
  )
}
