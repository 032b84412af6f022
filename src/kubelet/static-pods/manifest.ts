/** A static pod out of the text of its manifest. Pure. */
import { createHash } from 'node:crypto'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import { validateMetadata } from '#api/machinery/validate-metadata.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { rfc3339Micro } from '#base/clock.ts'
import { containersOf, type Pod, type PodSpec, type Volume } from '../pod-types.ts'
import { MIRROR_ANNOTATION } from './mirror.ts'

const HASH_ANNOTATION = 'kubernetes.io/config.hash'
const SEEN_ANNOTATION = 'kubernetes.io/config.seen'
const SOURCE_ANNOTATION = 'kubernetes.io/config.source'

/** A node lets nothing of its own go for want of memory or disk, and sends it away for no taint. */
const NODE_CRITICAL_PRIORITY = 2_000_001_000
const TOLERATION = { operator: 'Exists', effect: 'NoExecute' } as const

export interface ManifestSource {
  readonly path: string
  readonly nodeName: string
  readonly nowMs: number
}

export interface StaticPod {
  /** As it runs here. Its uid is made of the node, the file and what it says: another manifest is another pod. */
  readonly pod: Pod
  /** What the API is to show of it, without an owner yet. */
  readonly mirror: Pod
}

/** Throws an Error where the text is no pod, or one that cannot run by itself. */
export function readManifest(text: Uint8Array, source: ManifestSource): StaticPod {
  const { object } = decodeObject(podKind, manifestIn(text))
  const read = object as Pod
  const { path, nodeName, nowMs } = source
  if (!read.metadata.name) throw new Error('invalid pod: name is needed for the pod')
  const uid = hashOf(`host:${nodeName}file:${path}`, text)
  const { metadata, spec } = read
  const pod = {
    ...read,
    metadata: {
      ...metadata,
      uid,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || 'default',
      annotations: {
        ...metadata.annotations,
        [HASH_ANNOTATION]: uid,
        [SEEN_ANNOTATION]: rfc3339Micro(nowMs),
        [SOURCE_ANNOTATION]: 'file',
      },
      creationTimestamp: rfc3339Micro(nowMs),
    },
    spec: { ...spec, nodeName, tolerations: tolerationsWith(spec) },
    status: { phase: 'Pending' },
  } as Pod
  applyDefaults(podKind, pod)
  const mistakes = [...validateMetadata(podKind, pod), ...podKind.validate(pod)]
  if (mistakes.length > 0)
    throw new Error(
      `invalid pod: ${mistakes.map(({ field, message }) => `${field}: ${message}`).join(', ')}`,
    )
  const reference = referenceOf(pod)
  if (reference) throw new Error(`static pods may not reference ${reference}`)
  const { uid: _, creationTimestamp: __, ...kept } = pod.metadata
  const priority = Math.max(pod.spec?.priority ?? 0, NODE_CRITICAL_PRIORITY)
  return {
    pod: { ...pod, spec: { ...pod.spec, priority } } as Pod,
    mirror: {
      ...pod,
      metadata: { ...kept, annotations: { ...kept.annotations, [MIRROR_ANNOTATION]: uid } },
    } as Pod,
  }
}

function manifestIn(text: Uint8Array): Record<string, unknown> {
  const value = parseYaml(text)
  const { apiVersion, kind } = (value ?? {}) as Record<string, unknown>
  if (apiVersion !== 'v1' || kind !== 'Pod')
    throw new Error(`invalid pod: apiVersion ${apiVersion}, kind ${kind} instead of v1 and Pod`)
  return value as Record<string, unknown>
}

/** As long as upstream's. */
const hashOf = (where: string, text: Uint8Array) =>
  createHash('sha256').update(where).update(text).digest('hex').slice(0, 32)

function tolerationsWith(spec: PodSpec | undefined): PodSpec['tolerations'] {
  const tolerations = spec?.tolerations ?? []
  const is = ({ key, operator, effect }: (typeof tolerations)[number]) =>
    !key && operator === TOLERATION.operator && effect === TOLERATION.effect
  return tolerations.some(is) ? tolerations : [...tolerations, TOLERATION]
}

/** The resource of the first object that the pod would need the API for. */
function referenceOf({ spec, ...pod }: Pod): string | undefined {
  if (spec?.serviceAccountName) return 'serviceaccounts'
  const volumes = spec?.volumes ?? []
  const sources = volumes.flatMap(volume => [volume, ...(volume.projected?.sources ?? [])])
  const variables = containersOf({ spec, ...pod } as Pod).flatMap(({ container }) => [
    ...(container.envFrom ?? []),
    ...(container.env ?? []).map(({ valueFrom }) => valueFrom ?? {}),
  ])
  const names = (field: string) =>
    [...sources, ...variables].some(each => Object.hasOwn(each, field))
  if (names('secret') || names('secretRef') || names('secretKeyRef')) return 'secrets'
  if ((spec?.imagePullSecrets ?? []).length > 0 || volumes.some(needsSecret)) return 'secrets'
  if (names('configMap') || names('configMapRef') || names('configMapKeyRef')) return 'configmaps'
  if ((spec?.resourceClaims ?? []).length > 0) return 'resourceclaims'
  if (volumes.some(each => each.persistentVolumeClaim || each.ephemeral))
    return 'persistentvolumeclaims'
  if (names('serviceAccountToken')) return 'serviceaccounts'
  return names('clusterTrustBundle') ? 'clustertrustbundles' : undefined
}

/** Of a volume whose driver signs in somewhere. */
function needsSecret(volume: Volume): boolean {
  const { azureFile, csi } = volume
  const references = [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO]
  const others = [volume.iscsi, volume.storageos]
  if (azureFile?.secretName || csi?.nodePublishSecretRef) return true
  return [...references, ...others].some(each => each?.secretRef !== undefined)
}
