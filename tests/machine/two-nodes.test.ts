/** A second node joins `proa up`: with a kubelet, a containerd and a network of its own, its images pulled from a registry. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'
import { Kubectl } from '../tools/kubectl.ts'
import { startCluster, type TestCluster } from './conformance/cluster.ts'
import { SECOND } from './conformance/second-node.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const reason = whyNotHere()
if (reason) console.log(`# skipped: ${reason}`)

const FIRST = 'here'
const pod = (name: string, node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        imagePullPolicy: 'Always',
        command: [
          'sh',
          '-c',
          `echo from ${node} | tee /www/index.html; exec httpd -f -p 80 -h /www`,
        ],
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
      },
    ],
  },
})
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
}
const balanced = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'balanced' },
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    selector: { app: 'web' },
    ports: [{ port: 80 }],
  },
}
const asked = (host: string) => `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} 80`

for (const way of ['join', 'roles'] as const)
  describe(`a second node, by ${way}`, { skip: reason !== undefined }, () => {
    const images = mkdtempSync(join(tmpdir(), 'proa-layout-'))
    let cluster: TestCluster
    let kubectl: Kubectl

    before(async () => {
      spawnSync('tar', ['-x', '-C', images], { input: busyboxTarball() })
      cluster = await startCluster('containerd', images, 2, way)
      kubectl = new Kubectl(cluster.kubeconfig)
      const items = [pod('one', FIRST), pod('two', SECOND), service]
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
      await kubectl.run('apply -f -', { input })
      await kubectl.run('wait --for=condition=Ready pod/one pod/two --timeout=150s')
    })
    after(async () => {
      await cluster.stop()
      rmSync(images, { recursive: true })
    })

    test('the API reaches its kubelet: logs, exec, the node proxy', async () => {
      assert.equal(await kubectl.run('logs two'), `from ${SECOND}\n`)
      assert.equal(await kubectl.run('exec two -- cat /www/index.html'), `from ${SECOND}\n`)
      assert.equal(await kubectl.run(`get --raw /api/v1/nodes/${SECOND}/proxy/healthz`), 'ok')
    })

    test('both are measured, and so are their pods', async () => {
      await eventually(async () => {
        const { stdout } = await kubectl.try('top node --no-headers')
        return [FIRST, SECOND].every(node => new RegExp(`^${node} +\\d+m`, 'm').test(stdout))
      })
      await eventually(async () => {
        const { stdout } = await kubectl.try('top pod --no-headers')
        return ['one', 'two'].every(pod => new RegExp(`^${pod} +\\d+m +\\d+Mi`, 'm').test(stdout))
      })
    })

    for (const [name, node] of [
      ['one', FIRST],
      ['two', SECOND],
    ])
      test(`a pod on the node ${node} finds a Service by name, and behind it the pods of both`, async () => {
        const seen = new Set<string>()
        await eventually(async () => {
          const { stdout } = await kubectl.try(['exec', name ?? '', '--', 'sh', '-c', asked('web')])
          for (const [answer] of stdout.matchAll(/from \w+/g)) seen.add(answer)
          return seen.size === 2
        })
        assert.deepEqual([...seen].sort(), [`from ${FIRST}`, `from ${SECOND}`])
      })

    test('it comes back without the words by which it joined', {
      skip: way !== 'join' && 'by roles a node is given its words each time',
    }, async () => {
      const path = 'jsonpath={.status.containerStatuses[0].containerID}'
      const before = await kubectl.run(['get', 'pod', 'two', '-o', path])
      await cluster.restartSecond()
      await eventually(async () => (await kubectl.try('exec two -- true')).code === 0)
      assert.equal(await kubectl.run(['get', 'pod', 'two', '-o', path]), before)
      const requests = await kubectl.run('get csr -o jsonpath={.items[*].spec.signerName}')
      assert.equal(requests.split(' ').length, 2, requests)
    })

    test('its proxy tells load balancers where endpoints are, and whether the node stays', async () => {
      await kubectl.run('create -f -', { input: JSON.stringify(balanced) })
      const port = await kubectl.run(`get svc balanced -o jsonpath={.spec.healthCheckNodePort}`)
      const addresses = '{.status.addresses[?(@.type=="InternalIP")].address}'
      const ip = await kubectl.run(['get', 'node', SECOND, '-o', `jsonpath=${addresses}`])
      const told = async (port: string, status: number, pattern: RegExp) => {
        let last = ''
        await eventually(async () => {
          const response = await fetch(`http://${ip}:${port}/healthz`).catch(() => undefined)
          last = `${response?.status} ${await response?.text()}`
          return response?.status === status && pattern.test(last)
        }).catch(error => assert.fail(`${error}: ${last}`))
      }
      await told(port, 200, /"name": "balanced"\n.*\n\t"localEndpoints": 1/)
      await told('10256', 200, /"lastUpdated":"20.*"nodeEligible":true/)
      await kubectl.run('label pod two app-')
      await told(port, 503, /"localEndpoints": 0/)
      await kubectl.run(`taint node ${SECOND} ToBeDeletedByClusterAutoscaler=1:NoSchedule`)
      await told('10256', 503, /"nodeEligible":false/)
    })
  })
