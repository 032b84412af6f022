/** Chapters about claims: who gets which volume, whom others make one for, what becomes of volumes and of claims that lose theirs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd } from '../etcd/servers.ts'
import { until } from './story.ts'
import {
  CLAIMS,
  CORE,
  claim,
  csi,
  DRIVER,
  isAsked,
  isGone,
  isPhase,
  isTold,
  LOOSE,
  merge,
  onNode,
  PLACE,
  pod,
  provision,
  STORAGE,
  storageClass,
  using,
  VOLUMES,
  volume,
} from './volume-objects.ts'

const CLASSES = `${STORAGE}/storageclasses`
const isBound = (api: ApiEnd, name: string) => isPhase(api, `${CLAIMS}/${name}`, 'Bound')
const isAvailable = (api: ApiEnd, name: string) => isPhase(api, `${VOLUMES}/${name}`, 'Available')
const size = (storage: string) => ({ resources: { requests: { storage } } })

export async function makeClasses(api: ApiEnd): Promise<void> {
  const driver = (name: string, spec: object) =>
    api.want('POST', `${STORAGE}/csidrivers`, { metadata: { name }, spec })
  await driver(DRIVER, { attachRequired: true, storageCapacity: false })
  await driver(LOOSE, { attachRequired: false, podInfoOnMount: true })
  await storageClass(api, 'now', {
    provisioner: DRIVER,
    allowVolumeExpansion: true,
    mountOptions: ['noatime'],
    parameters: { type: 'quick' },
  })
  await storageClass(api, 'fixed', { provisioner: DRIVER, reclaimPolicy: 'Retain' })
  await storageClass(api, 'late', {
    provisioner: DRIVER,
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await storageClass(api, 'zoned', {
    provisioner: DRIVER,
    volumeBindingMode: 'WaitForFirstConsumer',
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['b', 'c'] }] }],
  })
  await storageClass(api, 'local', {
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await storageClass(api, 'moved', { provisioner: 'kubernetes.io/gce-pd' })
  await storageClass(api, 'unknown', { provisioner: 'kubernetes.io/nothing' })
  await storageClass(api, 'shared', { provisioner: LOOSE })
  for (const name of ['gold', 'silver'])
    await api.want('POST', `${STORAGE}/volumeattributesclasses`, {
      metadata: { name },
      driverName: DRIVER,
      parameters: { speed: name },
    })
  // Whoever has not heard of a class yet says so.
  await sleep(1500)
}

export async function find(api: ApiEnd): Promise<void> {
  await volume(api, 'narrow', { ...csi('narrow'), accessModes: ['ReadWriteOncePod'] })
  await volume(api, 'raw', { ...csi('raw'), volumeMode: 'Block' })
  await volume(api, 'golden', { ...csi('golden'), volumeAttributesClassName: 'gold' })
  await volume(api, 'labelled', csi('labelled'), { labels: { tier: 'one' } })
  await volume(api, 'without', { ...csi('without'), storageClassName: '' })
  await volume(
    api,
    'old-fashioned',
    { ...csi('old-fashioned'), storageClassName: '' },
    { annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' } },
  )
  await volume(api, 'everything', {
    ...csi('everything'),
    capacity: { storage: '8Gi' },
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'],
  })
  await volume(api, 'kept', { ...csi('kept'), claimRef: { namespace: PLACE, name: 'keeping' } })
  await volume(api, 'kept-raw', {
    ...csi('kept-raw'),
    volumeMode: 'Block',
    storageClassName: 'odd',
    claimRef: { namespace: PLACE, name: 'unlike' },
  })
  await volume(api, 'promised', {
    ...csi('promised'),
    claimRef: { namespace: PLACE, name: 'nobody', uid: '11111111-2222-3333-4444-555555555555' },
  })
  for (const name of ['narrow', 'raw', 'golden', 'labelled', 'without', 'old-fashioned'])
    await isAvailable(api, name)
  for (const name of ['everything', 'kept', 'kept-raw']) await isAvailable(api, name)
  await isPhase(api, `${VOLUMES}/promised`, 'Released')
  await claim(api, 'pod-alone', { accessModes: ['ReadWriteOncePod'] })
  await claim(api, 'block', { volumeMode: 'Block' })
  await claim(api, 'gilded', { volumeAttributesClassName: 'gold' })
  await claim(api, 'choosing', { selector: { matchLabels: { tier: 'one' } } })
  await claim(api, 'unclassed', { storageClassName: '' })
  await claim(
    api,
    'ancient',
    { storageClassName: undefined },
    { annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' } },
  )
  await claim(api, 'many', { accessModes: ['ReadWriteMany'], ...size('5Gi') })
  await claim(api, 'keeping', {})
  for (const name of ['pod-alone', 'block', 'gilded', 'choosing', 'unclassed', 'ancient'])
    await isBound(api, name)
  for (const name of ['many', 'keeping']) await isBound(api, name)
  await claim(api, 'unlike', { storageClassName: 'odd' })
  await isTold(api, 'ProvisioningFailed', 'unlike')
  await find2(api)
}

/** Whoever names a volume and may not have it. */
async function find2(api: ApiEnd): Promise<void> {
  await volume(api, 'small', { ...csi('small'), storageClassName: 'small' })
  await isAvailable(api, 'small')
  const naming = (name: string, spec: object) =>
    claim(api, name, { storageClassName: 'small', volumeName: 'small', ...spec })
  await naming('too-large', size('2Gi'))
  await naming('other-class', { storageClassName: 'another' })
  await naming('other-mode', { volumeMode: 'Block' })
  await naming('other-access', { accessModes: ['ReadWriteMany'] })
  await naming('other-attributes', { volumeAttributesClassName: 'silver' })
  await claim(api, 'taken', { volumeName: 'narrow' })
  await claim(api, 'dreaming', { volumeName: 'not-there' })
  for (const name of ['large', 'class', 'mode', 'access', 'attributes'])
    await isTold(api, 'VolumeMismatch', name === 'large' ? 'too-large' : `other-${name}`)
  await isTold(api, 'FailedBinding', 'taken')
  await volume(api, 'leaving', csi('leaving'), { finalizers: ['example.com/hold'] })
  await isAvailable(api, 'leaving')
  await api.want('DELETE', `${VOLUMES}/leaving`)
  await claim(api, 'too-late', { volumeName: 'leaving' })
  await isTold(api, 'VolumeMismatch', 'too-late')
}

/** Who has no volume gets one made, by whoever the class says. */
export async function haveMade(api: ApiEnd): Promise<void> {
  await claim(api, 'fresh', { storageClassName: 'now' })
  await claim(api, 'slow', { storageClassName: 'fixed' })
  await claim(api, 'moved', { storageClassName: 'moved' })
  await claim(api, 'unknown', { storageClassName: 'unknown' })
  await claim(api, 'absent', { storageClassName: 'absent' })
  await claim(api, 'shared', { storageClassName: 'shared', accessModes: ['ReadWriteMany'] })
  await claim(api, 'copy', {
    storageClassName: 'now',
    // Without a group, upstream shows it as null.
    dataSource: { apiGroup: '', kind: 'PersistentVolumeClaim', name: 'fresh' },
  })
  await claim(api, 'restored', {
    storageClassName: 'now',
    dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'shot' },
  })
  await claim(api, 'silvery', { storageClassName: 'now', volumeAttributesClassName: 'silver' })
  await claim(api, 'selective', {
    storageClassName: 'now',
    selector: { matchLabels: { tier: 'two' } },
  })
  await isTold(api, 'ProvisioningFailed', 'unknown')
  await isTold(api, 'ProvisioningFailed', 'absent')
  for (const name of ['fresh', 'moved', 'shared', 'copy', 'restored'])
    await provision(api, name, name === 'copy' ? { capacity: { storage: '3Gi' } } : {})
  await provision(api, 'silvery', { volumeAttributesClassName: 'silver' })
  for (const name of ['fresh', 'moved', 'shared', 'copy', 'restored', 'silvery'])
    await isBound(api, name)
  // One is found while another is made.
  await isAsked(api, 'slow')
  await volume(api, 'sudden', { ...csi('sudden'), storageClassName: 'fixed' })
  await isBound(api, 'slow')
  await provision(api, 'slow')
  await isPhase(api, `${VOLUMES}/made-slow`, 'Released')
}

/** Without a class: until there is a default one, then the newest of them. */
export async function haveDefaults(api: ApiEnd): Promise<void> {
  const plain = (name: string) => claim(api, name, { storageClassName: undefined })
  const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' }
  await plain('classless')
  await isTold(api, 'FailedBinding', 'classless')
  await storageClass(api, 'first', { provisioner: DRIVER }, isDefault)
  await isAsked(api, 'classless')
  // Which of two is newer is told by seconds.
  await sleep(1100)
  await storageClass(api, 'second', { provisioner: LOOSE }, isDefault)
  await sleep(1500)
  await plain('newest')
  await isAsked(api, 'newest')
  await merge(api, `${CLASSES}/second`, { metadata: { annotations: null } })
  await sleep(1500)
  await plain('other')
  await isAsked(api, 'other')
  await merge(api, `${CLASSES}/first`, {
    metadata: {
      annotations: {
        'storageclass.kubernetes.io/is-default-class': null,
        'storageclass.beta.kubernetes.io/is-default-class': 'true',
      },
    },
  })
  await sleep(1500)
  await plain('beta')
  await isAsked(api, 'beta')
  await api.want('DELETE', `${CLASSES}/first`)
  await sleep(1500)
  await plain('orphaned')
  await isTold(api, 'FailedBinding', 'orphaned')
}

/** What is left of a volume when its claim goes, and of a claim when its volume does. */
export async function lose(api: ApiEnd): Promise<void> {
  const pair = async (name: string, spec: object, metadata: object = {}) => {
    await volume(
      api,
      name,
      { ...csi(name), claimRef: { namespace: PLACE, name }, ...spec },
      metadata,
    )
    await claim(api, name, { volumeName: name })
    await isBound(api, name)
  }
  const provisionedBy = (name: string) => ({
    annotations: { 'pv.kubernetes.io/provisioned-by': name },
  })
  const deleting = { persistentVolumeReclaimPolicy: 'Delete' }
  await pair('retained', {})
  await pair('deleted', deleting, provisionedBy(DRIVER))
  await pair('handmade', deleting)
  await pair('in-tree', deleting, provisionedBy('kubernetes.io/gce-pd'))
  await pair('no-plugin', deleting, provisionedBy('kubernetes.io/nothing'))
  const nfs = { csi: undefined, nfs: { server: '192.0.2.1', path: '/data' } }
  await pair('nfs', { ...nfs, ...deleting })
  await pair('recycled', { persistentVolumeReclaimPolicy: 'Recycle' })
  await pair('unclaimed', { ...csi('unclaimed') })
  await pair('vanished', {})
  await pair('usurped', {})
  await pair('held', deleting, {
    ...provisionedBy(DRIVER),
    finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'],
  })
  await pair('again', {})
  await pair('turned', {})
  await merge(api, `${VOLUMES}/turned`, { spec: deleting })
  for (const name of ['retained', 'deleted', 'handmade', 'in-tree', 'no-plugin', 'nfs', 'turned'])
    await api.want('DELETE', `${CLAIMS}/${name}`)
  for (const name of ['recycled', 'held', 'again']) await api.want('DELETE', `${CLAIMS}/${name}`)
  for (const name of ['retained', 'deleted', 'handmade', 'in-tree', 'turned', 'held', 'again'])
    await isPhase(api, `${VOLUMES}/${name}`, 'Released')
  for (const name of ['no-plugin', 'nfs', 'recycled'])
    await isPhase(api, `${VOLUMES}/${name}`, 'Failed')
  // As the external provisioner does: it deletes, and lets go.
  await api.want('DELETE', `${VOLUMES}/held`)
  await merge(api, `${VOLUMES}/held`, { metadata: { finalizers: null } })
  await isGone(api, `${VOLUMES}/held`)
  // Under the same name comes another claim, for which the volume is not.
  await claim(api, 'again', { volumeName: 'again' })
  await isTold(api, 'FailedBinding', 'again')
  await merge(api, `${VOLUMES}/again`, { spec: { claimRef: { uid: null } } })
  await isBound(api, 'again')
  await merge(api, `${VOLUMES}/unclaimed`, { spec: { claimRef: null } })
  await isBound(api, 'unclaimed')
  await until('it is taken again', async () => {
    const { spec } = await api.want('GET', `${VOLUMES}/unclaimed`)
    return spec.claimRef?.uid !== undefined
  })
  await api.want('DELETE', `${VOLUMES}/vanished`)
  await merge(api, `${VOLUMES}/vanished`, { metadata: { finalizers: null } })
  await isPhase(api, `${CLAIMS}/vanished`, 'Lost')
  await merge(api, `${VOLUMES}/usurped`, {
    spec: { claimRef: { name: 'dreaming', uid: '11111111-2222-3333-4444-777777777777' } },
  })
  await isPhase(api, `${CLAIMS}/usurped`, 'Lost')
}

/** What is used stays until nobody uses it. */
export async function protect(api: ApiEnd): Promise<void> {
  await volume(api, 'used', { hostPath: { path: '/used' } })
  await claim(api, 'used', { volumeName: 'used' })
  await isBound(api, 'used')
  await pod(api, 'user', { ...using('used'), ...onNode('node-1') })
  await isPhase(api, `${CORE}/pods/user`, 'Running')
  await api.want('DELETE', `${CLAIMS}/used`)
  await api.want('DELETE', `${VOLUMES}/used`)
  await pod(api, 'latecomer', { ...using('used'), ...onNode('node-1') })
  await isTold(api, 'FailedScheduling', 'latecomer')
  await api.want('DELETE', `${STORAGE}/volumeattributesclasses/gold`)
  await api.want('DELETE', `${STORAGE}/volumeattributesclasses/silver`)
  await sleep(1000)
  await api.want('DELETE', `${CORE}/pods/user`)
  await isGone(api, `${CLAIMS}/used`)
  await isGone(api, `${VOLUMES}/used`)
  // The other one is in use still.
  await api.want('DELETE', `${CLAIMS}/other-attributes`)
  await isGone(api, `${STORAGE}/volumeattributesclasses/silver`)
}
