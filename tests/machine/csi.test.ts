/**
 * Volumes of a CSI driver on this machine's containers, with a driver of our own in a process of its own: through claims, as devices,
 * for one pod alone; through deaths of the driver and of the node; and nothing is left.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { mountsUnder } from '#host/mount-table.ts'
import { busyboxImage } from '../tools/busybox-image.ts'
import { DriverProcess } from '../tools/csi-driver/driver-process.ts'
import { eventually, ProaProcess, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const DRIVER = 'test.csi.proa'

const listOf = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const podOf = (name: string, script: string, spec: object, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'c', image: busyboxImage, command: ['sh', '-c', script], ...container }],
    ...spec,
  },
})
const claimed = (claimName: string) => ({
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
})
const mounted = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
const FOREVER = 'exec sleep 100000'

/** A volume and the claim for it. */
const volumeOf = (name: string, more: object = {}, csi: object = {}) => [
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pv-${name}` },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'csi',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: 'default', name },
      csi: { driver: DRIVER, volumeHandle: `handle-${name}`, ...csi },
      ...more,
    },
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'csi',
      volumeName: `pv-${name}`,
      resources: { requests: { storage: '1Gi' } },
      ...('volumeMode' in more ? { volumeMode: more.volumeMode } : {}),
    },
  },
]

describe('volumes of a CSI driver', { skip: reason !== undefined }, () => {
  const proa = new ProaProcess()
  const { kubectl } = proa
  const driver = new DriverProcess(proa.layout.kubelet, DRIVER)

  const apply = (...items: object[]) => kubectl.run('apply -f -', { input: listOf(...items) })
  const field = (of: string, path: string) =>
    kubectl.run(['get', ...of.split(' '), '-o', `jsonpath={${path}}`])
  const inPod = async (pod: string, script: string) => {
    const { stdout, stderr } = await kubectl.try(['exec', pod, '--', 'sh', '-c', script])
    return `${stdout}${stderr}`
  }
  const phase = (name: string, wanted: string) =>
    eventually(async () => (await field(`pod ${name}`, '.status.phase')) === wanted).catch(
      async error => {
        throw new Error(`${error}\n${await kubectl.run(`describe pod ${name}`)}\n${proa.output}`)
      },
    )
  const told = (pod: string, wanted: RegExp) =>
    eventually(async () => {
      const events = ['get', 'events', '--field-selector', `involvedObject.name=${pod}`]
      return wanted.test((await kubectl.try([...events, '-o', 'wide'])).stdout)
    })
  const inUse = () => field('node here', '.status.volumesInUse')
  const gone = (handle: string) =>
    eventually(() => driver.of(handle).at(-1) === 'NodeUnstageVolume').catch(error => {
      throw new Error(`${error}: ${driver.of(handle)}`)
    })

  before(async () => {
    proa.loadImage()
    await proa.start()
    await driver.start()
    await apply({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: DRIVER },
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        fsGroupPolicy: 'File',
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
        tokenRequests: [{ audience: 'vault' }],
      },
    })
  })

  after(async () => {
    await proa.end('SIGKILL')
    await driver.end('SIGKILL')
    proa.reset()
    driver.remove()
  })

  test('the node tells which drivers it has, where they reach, and how much they take', async () => {
    const drivers = JSON.parse(await field('csinode here', '.spec.drivers'))
    assert.deepEqual(drivers, [
      {
        name: DRIVER,
        nodeID: 'node-of-test',
        topologyKeys: [`topology.${DRIVER}/node`],
        allocatable: { count: 7 },
      },
    ])
    const labels = JSON.parse(await field('node here', '.metadata.labels'))
    assert.equal(labels[`topology.${DRIVER}/node`], 'here')
    const ids = await field(
      'node here',
      '.metadata.annotations.csi\\.volume\\.kubernetes\\.io/nodeid',
    )
    assert.deepEqual(JSON.parse(ids), { [DRIVER]: 'node-of-test' })
  })

  // The node looks every half a minute, which is time for the tests up to the next one about it.
  test('a volume may grow while a pod has it', async () => {
    await apply(...volumeOf('grows'))
    await apply(podOf('grows', FOREVER, claimed('grows'), mounted))
    await phase('grows', 'Running')
    // As a resizer does it.
    await kubectl.run([
      ...['patch', 'pv', 'pv-grows', '-p', '{"spec":{"capacity":{"storage":"2Gi"}}}'],
    ])
  })

  test('what a pod writes is there for the next; the volume is staged once and let go in the end', async () => {
    const key = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'disk', namespace: 'kube-system' },
      stringData: { key: 'sesame' },
    }
    const nodeStageSecretRef = { name: 'disk', namespace: 'kube-system' }
    await apply(key, ...volumeOf('data', {}, { nodeStageSecretRef }))
    const spec = { ...claimed('data'), securityContext: { fsGroup: 2000 } }
    await apply(
      podOf('one', `echo kept > /v/file; ${FOREVER}`, spec, mounted),
      podOf('two', FOREVER, spec, mounted),
    )
    await phase('one', 'Running')
    await phase('two', 'Running')
    assert.match(await inPod('two', 'cat /v/file; stat -c %g /v'), /^kept\n2000\n$/)
    const { uid } = JSON.parse(await field('pod one', '.metadata'))
    const publish = driver.calls.find(
      call => call.method === 'NodePublishVolume' && call.targetPath?.includes(uid),
    )
    const root = proa.layout.kubelet
    assert.match(
      publish?.targetPath ?? '',
      new RegExp(`/pods/${uid}/volumes/kubernetes\\.io~csi/pv-data/mount$`),
    )
    const context = publish?.volumeContext as Record<string, string>
    assert.equal(context['csi.storage.k8s.io/pod.name'], 'one')
    assert.equal(context['csi.storage.k8s.io/ephemeral'], 'false')
    const tokens = JSON.parse(context['csi.storage.k8s.io/serviceAccount.tokens'] ?? '{}')
    assert.match(tokens.vault.token, /^ey/)
    const data = readFileSync(
      join(root, 'pods', uid, 'volumes/kubernetes.io~csi/pv-data/vol_data.json'),
      'utf8',
    )
    assert.equal(JSON.parse(data).volumeHandle, 'handle-data')
    await kubectl.run('delete pod one two')
    await gone('handle-data')
    const calls = driver.of('handle-data')
    assert.equal(calls.filter(method => method === 'NodeStageVolume').length, 1, `${calls}`)
    assert.equal(calls.filter(method => method === 'NodeUnpublishVolume').length, 2, `${calls}`)
    const stage = driver.calls.find(
      ({ method, volumeId }) => method === 'NodeStageVolume' && volumeId === 'handle-data',
    )
    assert.deepEqual(stage?.secrets, { key: 'sesame' })
    await apply(podOf('three', FOREVER, spec, mounted))
    await phase('three', 'Running')
    assert.match(await inPod('three', 'cat /v/file'), /^kept/)
    await kubectl.run('delete pod three')
    await gone('handle-data')
  })

  test('a volume that stands in the pod lives and dies with it', async () => {
    const inline = {
      volumes: [{ name: 'v', csi: { driver: DRIVER, volumeAttributes: { a: 'b' } } }],
    }
    await apply(podOf('inline', `echo mine > /v/x; ${FOREVER}`, inline, mounted))
    await phase('inline', 'Running')
    const call = driver.calls.findLast(({ method }) => method === 'NodePublishVolume')
    assert.match(call?.volumeId ?? '', /^csi-[0-9a-f]{64}$/)
    assert.equal((call?.volumeContext as Record<string, string> | undefined)?.a, 'b')
    await kubectl.run('delete pod inline')
    assert.deepEqual(driver.of(call?.volumeId ?? ''), ['NodePublishVolume', 'NodeUnpublishVolume'])
  })

  test('a device is a device in the container, and keeps what is written to it', async () => {
    await apply(...volumeOf('raw', { volumeMode: 'Block' }))
    const device = { volumeDevices: [{ name: 'v', devicePath: '/dev/mine' }] }
    await apply(podOf('raw', FOREVER, claimed('raw'), device))
    await phase('raw', 'Running')
    assert.match(
      await inPod(
        'raw',
        'test -b /dev/mine && echo block; printf hello > /dev/mine; head -c 5 /dev/mine',
      ),
      /^block\nhello/,
    )
    await kubectl.run('delete pod raw')
    await gone('handle-raw')
    await apply(podOf('raw', FOREVER, claimed('raw'), device))
    await phase('raw', 'Running')
    assert.match(await inPod('raw', 'head -c 5 /dev/mine'), /^hello/)
    await kubectl.run('delete pod raw')
    await gone('handle-raw')
    const devices = join(proa.layout.kubelet, 'plugins/kubernetes.io/csi/volumeDevices')
    await eventually(() => !existsSync(join(devices, 'pv-raw')))
  })

  test('what the driver refuses is told, and tried until it works', async () => {
    await apply(...volumeOf('sick'))
    driver.fail('NodeStageVolume', 'INTERNAL the disk is on fire')
    await apply(podOf('sick', FOREVER, claimed('sick'), mounted))
    await told(
      'sick',
      /FailedMount.*MountVolume\.MountDevice failed for volume "pv-sick" : rpc error: code = Internal desc = the disk is on fire/,
    )
    driver.fail('NodeStageVolume', undefined)
    await phase('sick', 'Running')
    await kubectl.run('delete pod sick')
    await gone('handle-sick')
  })

  test('pods run on while the driver is dead, and are ended when it is back', async () => {
    await apply(...volumeOf('lost'))
    await apply(podOf('lost', `echo kept > /v/file; ${FOREVER}`, claimed('lost'), mounted))
    await phase('lost', 'Running')
    await driver.end('SIGKILL')
    assert.match(await inPod('lost', 'cat /v/file'), /^kept/)
    await kubectl.run('delete pod lost --wait=false')
    await new Promise(resolve => setTimeout(resolve, 3_000))
    assert.equal(await field('pod lost', '.metadata.name'), 'lost', 'its volume is still published')
    await driver.start()
    await eventually(async () => (await kubectl.try('get pod lost')).code !== 0)
    await gone('handle-lost')
  })

  test('a volume that has grown grows on the node, too', async () => {
    await eventually(async () => (await field('pvc grows', '.status.capacity.storage')) === '2Gi')
    assert.equal(driver.of('handle-grows').filter(call => call === 'NodeExpandVolume').length, 1)
    await told('grows', /FileSystemResizeSuccessful/)
    const { stdout } = await kubectl.try(['get', '--raw', '/api/v1/nodes/here/proxy/metrics'])
    assert.match(
      stdout,
      /kubelet_volume_stats_capacity_bytes\{namespace="default",persistentvolumeclaim="grows"\} 1000000/,
    )
    assert.match(
      stdout,
      /storage_operation_duration_seconds_count\{volume_plugin="kubernetes.io\/csi:test.csi.proa",operation_name="volume_mount",status="success",migrated="false"\} [1-9]/,
    )
    assert.match(
      stdout,
      /csi_operations_seconds_count\{driver_name="test.csi.proa",method_name="\/csi.v1.Node\/NodeStageVolume",grpc_status_code="OK",migrated="false"\} [1-9]/,
    )
    assert.match(
      stdout,
      /volume_manager_total_volumes\{plugin_name="kubernetes.io\/csi:test.csi.proa",state="actual_state_of_world"\} 1/,
    )
    await kubectl.run('delete pod grows')
    await gone('handle-grows')
  })

  test('a node that comes back takes over what it has, and takes back what nobody wants', async () => {
    await apply(...volumeOf('stays'), ...volumeOf('goes'))
    await apply(
      podOf('stays', `echo kept > /v/file; ${FOREVER}`, claimed('stays'), mounted),
      podOf('goes', FOREVER, claimed('goes'), mounted),
    )
    await phase('stays', 'Running')
    await phase('goes', 'Running')
    const id = await field('pod stays', '.status.containerStatuses[0].containerID')
    await proa.end('SIGKILL')
    await proa.start()
    await phase('stays', 'Running')
    assert.equal(await field('pod stays', '.status.containerStatuses[0].containerID'), id)
    assert.match(await inPod('stays', 'cat /v/file'), /^kept/)
    // The pod goes while the kubelet is away, as far as the API knows.
    await kubectl.run('delete pod goes --force --grace-period=0')
    await proa.end('SIGKILL')
    await proa.start()
    await gone('handle-goes')
    assert.match(await inPod('stays', 'cat /v/file'), /^kept/)
    await kubectl.run('delete pod stays')
    await gone('handle-stays')
  })

  test('a volume that has to be attached waits until it is, and is in use until it is let go', async () => {
    await kubectl.run(`delete csidriver ${DRIVER}`)
    await apply(...volumeOf('far'))
    await apply(podOf('far', FOREVER, claimed('far'), mounted))
    const attachment = await eventually(async () =>
      (await kubectl.try(['get', 'volumeattachments', '-o', 'name'])).stdout.trim(),
    )
    assert.equal(await eventually(inUse), `["kubernetes.io/csi/${DRIVER}^handle-far"]`)
    assert.deepEqual(driver.of('handle-far'), [])
    const status = { status: { attached: true, attachmentMetadata: { lun: '7' } } }
    await kubectl.run([
      ...['patch', attachment, '--subresource', 'status', '--type', 'merge'],
      ...['-p', JSON.stringify(status)],
    ])
    await phase('far', 'Running')
    const stage = driver.calls.findLast(({ method }) => method === 'NodeStageVolume')
    assert.deepEqual(stage?.publishContext, { lun: '7' })
    await told('far', /SuccessfulAttachVolume/)
    await kubectl.run('delete pod far')
    await gone('handle-far')
    await eventually(async () => (await inUse()) === '')
    await eventually(
      async () => (await kubectl.try(['get', 'volumeattachments', '-o', 'name'])).stdout === '',
    )
  })

  test('nothing is left of all that, and a driver that goes is forgotten', async () => {
    assert.deepEqual(
      (await mountsUnder(proa.layout.kubelet)).filter(path => path.includes('csi')),
      [],
    )
    await driver.end('SIGTERM')
    await eventually(async () => (await field('csinode here', '.spec.drivers[*].name')) === '')
    assert.equal(
      await field('node here', '.metadata.annotations.csi\\.volume\\.kubernetes\\.io/nodeid'),
      '',
    )
  })
})
