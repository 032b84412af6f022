/** Volumes as people have them from kubectl: sets with claims of their own, volumes made by hand, growing, and what is left of both. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'
import { nodesReady } from '../scenarios/hollow-workloads.ts'
import { type Kubectl, kubectlMissing, kubectlTo } from '../tools/kubectl.ts'

const set = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 3
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [ { name: db, image: 'db:1', volumeMounts: [ { name: data, mountPath: /data } ] } ]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ ReadWriteOnce ], resources: { requests: { storage: 1Gi } } }
`

const volume = (name: string, more = '') => `apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name} }
spec:
  capacity: { storage: 5Gi }
  accessModes: [ ReadWriteOnce ]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: manual
  hostPath: { path: /data/${name} }
${more}`

const claim = (name: string, storageClassName: string, size = '1Gi') => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec:
  accessModes: [ ReadWriteOnce ]
  storageClassName: ${storageClassName}
  resources: { requests: { storage: ${size} } }
`

describe('kubectl and volumes', { skip: kubectlMissing(), timeout: 600_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-kubectl-volumes-'))
  let cluster: Cluster
  let kubectl: Kubectl

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 }, listen: { port: 0 } })
    kubectl = kubectlTo(cluster, directory)
    await nodesReady(cluster, 2)
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  const apply = (text: string) => kubectl.run(['apply', '-f', '-'], { input: text })
  const phase = (what: string, is: string) =>
    kubectl.run(`wait --for=jsonpath={.status.phase}=${is} ${what} --timeout=150s`)
  const field = (what: string, path: string) => kubectl.run(`get ${what} -o jsonpath={${path}}`)

  test('a set whose pods have claims is rolled out, and its claims outlive it', async () => {
    assert.match(await kubectl.run('get storageclass'), /^standard \(default\) +proa\/local-path/m)
    await apply(set)
    await kubectl.run('rollout status statefulset/db --timeout=150s')
    const rows = await kubectl.run('get pvc')
    for (const name of ['data-db-0', 'data-db-1', 'data-db-2'])
      assert.match(rows, new RegExp(`^${name} +Bound +pvc-\\S+ +1Gi +RWO +standard`, 'm'))
    const path = await field(
      `pv/${await field('pvc/data-db-1', '.spec.volumeName')}`,
      '.spec.hostPath.path',
    )
    assert.match(path, /^\/var\/lib\/proa\/local-path\/pvc-.*_default_data-db-1$/)
    const figures = await kubectl.run('get --raw /metrics')
    for (const line of [
      'pv_collector_bound_pvc_count{namespace="default",storage_class="standard",volume_attributes_class=""} 3',
      'pv_collector_bound_pv_count{storage_class="standard"} 3',
      'pv_collector_total_pv_count{plugin_name="kubernetes.io/host-path",volume_mode="Filesystem"} 3',
    ])
      assert.ok(figures.split('\n').includes(line), line)
    await kubectl.run('delete statefulset db --wait')
    await kubectl.run('wait --for=delete pod -l app=db --timeout=150s')
    await phase('pvc/data-db-0', 'Bound')
    await kubectl.run('delete pvc --all --wait --timeout=150s')
    await kubectl.run('wait --for=delete pv --all --timeout=150s')
  })

  test('a volume made by hand is bound, kept when its claim goes, and given back', async () => {
    await apply(volume('by-hand'))
    await phase('pv/by-hand', 'Available')
    await apply(claim('first', 'manual'))
    await phase('pvc/first', 'Bound')
    assert.match(await kubectl.run('get pv by-hand'), /5Gi +RWO +Retain +Bound +default\/first/)
    await kubectl.run('delete pvc first --wait')
    await phase('pv/by-hand', 'Released')
    await apply(claim('second', 'manual'))
    await phase('pvc/second', 'Pending')
    await kubectl.run(['patch', 'pv', 'by-hand', '-p', '{"spec":{"claimRef":null}}'])
    await phase('pvc/second', 'Bound')
    await kubectl.run('delete pv by-hand --wait=false')
    assert.match(await kubectl.run('get pv by-hand'), /Terminating/)
    await kubectl.run('delete pvc second --wait')
    await kubectl.run('wait --for=delete pv/by-hand --timeout=150s')
  })

  test('a claim says what it waits for', async () => {
    await apply(claim('nowhere', 'missing'))
    const described = await kubectl.follow(
      'get events -w',
      /ProvisioningFailed.*"missing" not found/,
    )
    assert.match(described, /persistentvolumeclaim\/nowhere/)
    await kubectl.run('delete pvc nowhere')
  })

  test('a claim grows where its class lets it', async () => {
    await apply(volume('fixed'))
    await apply(claim('small', 'manual'))
    await phase('pvc/small', 'Bound')
    const patch = '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
    assert.match(
      await kubectl.fails(['patch', 'pvc', 'small', '-p', patch]),
      /only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize/,
    )
    await kubectl.run('delete pvc small --wait')
    await kubectl.run('delete pv fixed --wait')
  })
})
