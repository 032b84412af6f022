/** Classes, volumes and claims as the story of volumes makes them, and what drivers would do who are not there: the story plays them. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { isThere, until } from './story.ts'

export const PLACE = 'volumes'
export const CORE = `/api/v1/namespaces/${PLACE}`
export const CLAIMS = `${CORE}/persistentvolumeclaims`
export const PODS = `${CORE}/pods`
export const VOLUMES = '/api/v1/persistentvolumes'
export const NODES = '/api/v1/nodes'
export const STORAGE = '/apis/storage.k8s.io/v1'
export const ATTACHMENTS = `${STORAGE}/volumeattachments`
const MERGE = 'application/merge-patch+json'

/** Attaches its volumes; `LOOSE` needs not to. */
export const DRIVER = 'disk.example.com'
export const LOOSE = 'share.example.com'

export const merge = (api: ApiEnd, path: string, patch: object) =>
  api.want('PATCH', path, patch, MERGE)

export const storageClass = (api: ApiEnd, name: string, more: object, annotations: object = {}) =>
  api.want('POST', `${STORAGE}/storageclasses`, { metadata: { name, annotations }, ...more })

export const volume = (api: ApiEnd, name: string, spec: object, metadata: object = {}) =>
  api.want('POST', VOLUMES, {
    metadata: { name, ...metadata },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'by-hand',
      ...spec,
    },
  })

export const csi = (volumeHandle: string, driver: string = DRIVER) => ({
  csi: { driver, volumeHandle },
})

export const claim = (api: ApiEnd, name: string, spec: object, metadata: object = {}) =>
  api.want('POST', CLAIMS, {
    metadata: { name, ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'by-hand',
      ...spec,
    },
  })

export const using = (...claims: readonly string[]) => ({
  volumes: claims.map(claimName => ({ name: claimName, persistentVolumeClaim: { claimName } })),
})

export const onNode = (name: string) => ({ nodeSelector: { 'kubernetes.io/hostname': name } })

export const podSpec = (more: object) => ({
  containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '10m' } } }],
  terminationGracePeriodSeconds: 1,
  ...more,
})

export const pod = (api: ApiEnd, name: string, spec: object) =>
  api.want('POST', PODS, { metadata: { name, labels: { app: name } }, spec: podSpec(spec) })

export const isPhase = (api: ApiEnd, path: string, phase: string) =>
  until(`${path} is ${phase}`, async () => (await api.want('GET', path)).status.phase === phase)

export const isGone = (api: ApiEnd, path: string) =>
  until(`${path} is gone`, async () => !(await isThere(api, path)))

export const isScheduled = (api: ApiEnd, name: string) =>
  until(`${name} has a node`, async () => {
    const { body } = await api.ask('GET', `${PODS}/${name}`)
    return body.spec?.nodeName !== undefined
  })

/** The scheduler has found no place for it, and said why. */
export const isRefused = (api: ApiEnd, name: string, why: RegExp) =>
  until(`${name} is refused for ${why}`, async () => {
    const { status } = await api.want('GET', `${PODS}/${name}`)
    return (status.conditions ?? []).some(
      ({ type, message }: Shown) => type === 'PodScheduled' && why.test(message ?? ''),
    )
  })

/** Waits until something was said of an object. */
export const isTold = (api: ApiEnd, reason: string, name: string) =>
  until(`${reason} is told of ${name}`, async () => {
    const query = `fieldSelector=reason%3D${reason}%2CinvolvedObject.name%3D${name}`
    return (await api.want('GET', `/api/v1/events?${query}`)).items.length > 0
  })

/** Upstream looks at claims every quarter of a minute, unless something happens to them. */
export async function isAsked(api: ApiEnd, name: string, key = 'storage-provisioner') {
  await until(`${name} says who is to make its volume`, async () => {
    const { status, body } = await api.ask('GET', `${CLAIMS}/${name}`)
    const mark = body.metadata?.annotations?.[`volume.kubernetes.io/${key}`]
    return status === 200 && mark !== undefined
  })
}

/** As an external provisioner does, once it is asked. */
export async function provision(api: ApiEnd, name: string, spec: object = {}): Promise<void> {
  await isAsked(api, name)
  const { metadata, spec: wanted } = await api.want('GET', `${CLAIMS}/${name}`)
  const driver = metadata.annotations['volume.kubernetes.io/storage-provisioner']
  await volume(
    api,
    `made-${name}`,
    {
      ...csi(`handle-${name}`, driver),
      capacity: wanted.resources.requests,
      accessModes: wanted.accessModes,
      volumeMode: wanted.volumeMode,
      storageClassName: wanted.storageClassName,
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: {
        ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
        ...{ namespace: PLACE, name, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
      },
      ...spec,
    },
    {
      annotations: { 'pv.kubernetes.io/provisioned-by': driver },
      finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'],
    },
  )
}

/** The attachment of a volume to a node, once there is one. */
export async function attachmentOf(api: ApiEnd, name: string, node: string): Promise<Shown> {
  let found: Shown
  await until(`${name} is to be attached to ${node}`, async () => {
    const { items } = await api.want('GET', ATTACHMENTS)
    found = items.find(
      ({ spec }: Shown) => spec.source.persistentVolumeName === name && spec.nodeName === node,
    )
    return found !== undefined
  })
  return found
}

const HOLD = `external-attacher/${DRIVER.replaceAll('.', '-')}`

/** As an external attacher does: it holds the attachment until it has detached the volume. */
export async function attach(api: ApiEnd, name: string, node: string): Promise<void> {
  const path = `${ATTACHMENTS}/${(await attachmentOf(api, name, node)).metadata.name}`
  await merge(api, path, { metadata: { finalizers: [HOLD] } })
  await merge(api, `${path}/status`, {
    status: { attached: true, attachmentMetadata: { path: `/dev/${name}` }, attachError: null },
  })
  await isNamedBy(api, node, name, true)
}

/** The same for all volumes that pods of these names wait for; who is not answered is told of two minutes later. */
export async function attachAllOf(api: ApiEnd, ...pods: readonly string[]): Promise<void> {
  for (const name of pods) {
    const { spec } = await api.want('GET', `${PODS}/${name}`)
    for (const { name: part, persistentVolumeClaim } of spec.volumes ?? []) {
      if (part.startsWith('kube-api-access')) continue
      const claimName = persistentVolumeClaim?.claimName ?? `${name}-${part}`
      const { spec: wanted } = await api.want('GET', `${CLAIMS}/${claimName}`)
      await attach(api, wanted.volumeName, spec.nodeName)
    }
  }
}

/** What the attacher could not do; `detachError` after it was asked to detach. */
export async function failTo(
  api: ApiEnd,
  what: 'attachError' | 'detachError',
  name: string,
  node: string,
  message: string,
): Promise<void> {
  const path = `${ATTACHMENTS}/${(await attachmentOf(api, name, node)).metadata.name}`
  const time = new Date().toISOString().replace(/\.\d+/, '')
  await merge(api, `${path}/status`, { status: { [what]: { time, message } } })
}

/** Waits until it is asked to. */
export async function detach(api: ApiEnd, name: string, node: string): Promise<void> {
  const { metadata } = await attachmentOf(api, name, node)
  const path = `${ATTACHMENTS}/${metadata.name}`
  await isLeaving(api, path)
  await merge(api, path, { metadata: { finalizers: null } })
  await isGone(api, path)
}

const isLeaving = (api: ApiEnd, path: string) =>
  until(`${path} is to go`, async () =>
    Boolean((await api.want('GET', path)).metadata.deletionTimestamp),
  )

/** Whether the node says that the volume is attached to it. */
export const isNamedBy = (api: ApiEnd, node: string, name: string, isSo: boolean) =>
  until(`${node} says${isSo ? '' : ' no longer'} that it has ${name}`, async () => {
    const { spec } = await api.want('GET', `${VOLUMES}/${name}`)
    const { status } = await api.want('GET', `${NODES}/${node}`)
    const unique = uniqueNameOf(spec.csi)
    return (status.volumesAttached ?? []).some(({ name }: Shown) => name === unique) === isSo
  })

const uniqueNameOf = ({ driver, volumeHandle }: { driver: string; volumeHandle: string }) =>
  `kubernetes.io/csi/${driver}^${volumeHandle}`

/** As a kubelet says that it has volumes mounted; all that are named at once. */
export const mounted = (api: ApiEnd, node: string, ...handles: readonly string[]) =>
  merge(api, `${NODES}/${node}/status`, {
    status: {
      volumesInUse: handles.map(volumeHandle => uniqueNameOf({ driver: DRIVER, volumeHandle })),
    },
  })
