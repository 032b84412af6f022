/** Two nodes of containers with addresses of both families, and with IPv6 alone: pods meet under all their addresses, and Services under all of theirs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bracketed } from '#base/host-port.ts'
import { machineAddresses } from '#host/addresses.ts'
import { busyboxImage, busyboxTarball } from '../tools/busybox-image.ts'
import { Kubectl } from '../tools/kubectl.ts'
import { startCluster, type TestCluster } from './conformance/cluster.ts'
import { SECOND } from './conformance/second-node.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const noIpv6 = machineAddresses('IPv6').includes('::1')
  ? 'this machine has no address of IPv6'
  : undefined
const reason = whyNotHere() ?? noIpv6
if (reason) console.log(`# skipped: ${reason}`)

const FIRST = 'here'
const HOST_PORT = 18_080
const pod = (name: string, nodeName: string, labels: object = { app: 'web' }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        imagePullPolicy: 'Always',
        command: ['sh', '-c', `echo from ${name} > /www/index.html; exec httpd -f -p 80 -h /www`],
        ports: [{ containerPort: 80, hostPort: HOST_PORT }],
        env: [
          { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
          { name: 'HOSTS', valueFrom: { fieldRef: { fieldPath: 'status.hostIPs' } } },
        ],
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
      },
    ],
  },
})
const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: {
    ipFamilyPolicy: 'PreferDualStack',
    selector: { app: 'web' },
    ports: [{ port: 80 }],
    ...spec,
  },
})
const deny = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny' },
  spec: {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
  },
}
const asking = (host: string, port = 80) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${host} ${port}`

for (const families of ['dual', 'ipv6'] as const)
  describe(`two nodes, ${families}`, { skip: reason !== undefined }, () => {
    const images = mkdtempSync(join(tmpdir(), 'proa-layout-'))
    const count = families === 'dual' ? 2 : 1
    let cluster: TestCluster
    let kubectl: Kubectl

    const words = async (of: string, path: string) =>
      (await kubectl.run(['get', ...of.split(' '), '-o', `jsonpath={${path}}`])).split(' ')
    const inPod = async (name: string, script: string) =>
      (await kubectl.try(['exec', name, '--', 'sh', '-c', script])).stdout
    const addressesOf = (name: string) => words(`pod ${name}`, '.status.podIPs[*].ip')
    const nodeAddresses = (name: string) =>
      words(`node ${name}`, '.status.addresses[?(@.type=="InternalIP")].address')
    /** Until each of the pods has answered under this address. */
    const reachesBoth = async (from: string, host: string, port = 80) => {
      const seen = new Set<string>()
      await eventually(async () => {
        for (const [answer] of (await inPod(from, asking(host, port))).matchAll(/from \w+/g))
          seen.add(answer)
        return seen.size === 2
      }).catch(() => assert.fail(`${from} reaches ${[...seen]} at ${host}`))
    }

    before(async () => {
      spawnSync('tar', ['-x', '-C', images], { input: busyboxTarball() })
      cluster = await startCluster('containerd', images, 2, 'join', families)
      kubectl = new Kubectl(cluster.kubeconfig)
      const items = [
        pod('one', FIRST),
        pod('two', SECOND),
        service('web', { type: 'NodePort' }),
        service('heads', { clusterIP: 'None' }),
        service('near', { type: 'NodePort', externalTrafficPolicy: 'Local' }),
        service('stays', { sessionAffinity: 'ClientIP' }),
        service('balanced', { type: 'LoadBalancer', ports: [{ port: 8088, targetPort: 80 }] }),
      ]
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
      await kubectl.run('apply -f -', { input })
      await kubectl.run('wait --for=condition=Ready pod/one pod/two --timeout=150s')
    })
    after(async () => {
      await cluster?.stop()
      rmSync(images, { recursive: true })
    })

    test('nodes and pods have an address of each family, and containers are told', async () => {
      for (const name of [FIRST, SECOND]) {
        assert.equal((await words(`node ${name}`, '.spec.podCIDRs[*]')).length, count)
        assert.equal((await nodeAddresses(name)).length, count)
      }
      for (const name of ['one', 'two']) {
        const ips = await addressesOf(name)
        assert.equal(ips.length, count)
        const hosts = await words(`pod ${name}`, '.status.hostIPs[*].ip')
        assert.equal(
          (await inPod(name, 'echo $IPS $HOSTS')).trim(),
          `${ips.join()} ${hosts.join()}`,
        )
        const file = await inPod(name, 'cat /etc/hosts')
        for (const ip of ips) assert.ok(file.includes(`${ip}\t${name}\n`), file)
      }
    })

    test('pods reach each other under every address, across nodes', async () => {
      for (const [from, to] of [
        ['one', 'two'],
        ['two', 'one'],
      ] as const)
        for (const ip of await addressesOf(to)) {
          const answer = () => inPod(from, asking(ip))
          await eventually(async () => (await answer()).includes(`from ${to}`)).catch(() =>
            assert.fail(`${from} does not reach ${ip}`),
          )
        }
    })

    test('Services are reached under every address, by name, at node ports and host ports', async () => {
      const ips = await words('svc web', '.spec.clusterIPs[*]')
      assert.equal(ips.length, count)
      for (const from of ['one', 'two']) {
        for (const host of [...ips, 'web']) await reachesBoth(from, host)
        // Whoever asks takes the first address that the name has.
        const answer = await inPod(from, asking('heads.default.svc.cluster.local'))
        assert.match(answer, /from (one|two)/)
      }
      const [port = ''] = await words('svc web', '.spec.ports[0].nodePort')
      const [near = ''] = await words('svc near', '.spec.ports[0].nodePort')
      for (const [name, its] of [
        [FIRST, 'one'],
        [SECOND, 'two'],
      ] as const)
        for (const address of await nodeAddresses(name)) {
          await reachesBoth('one', address, Number(port))
          for (const local of [near, HOST_PORT]) {
            // Of the machine itself, to whom all of the Service is open where it is on that machine.
            const answer = await fetch(`http://${bracketed(address)}:${local}/`).catch(String)
            const text = typeof answer === 'string' ? answer : await answer.text()
            if (name === SECOND || local === HOST_PORT) assert.equal(text, `from ${its}\n`, address)
            else assert.match(text, /^from/)
          }
        }
    })

    test('a client stays with its pod, in each family', async () => {
      for (const ip of await words('svc stays', '.spec.clusterIPs[*]')) {
        const answers = await inPod('one', Array.from({ length: 8 }, () => asking(ip)).join('; '))
        assert.equal(new Set(answers.match(/from \w+/g)).size, 1, answers)
      }
    })

    test('names lead to addresses, and addresses to names', async () => {
      const ips = await words('svc web', '.spec.clusterIPs[*]')
      const told = await inPod('one', 'nslookup web.default.svc.cluster.local')
      for (const ip of ips) {
        assert.ok(told.includes(`Address: ${ip}\n`), told)
        assert.match(await inPod('one', `nslookup ${ip}`), /web\.default\.svc\.cluster\.local/)
      }
      const heads = await inPod('one', 'nslookup heads.default.svc.cluster.local')
      for (const name of ['one', 'two'])
        for (const ip of await addressesOf(name)) assert.ok(heads.includes(ip), heads)
    })

    test('a load balancer has addresses of both families, which lead to the pods', async () => {
      const ingress = () => words('svc balanced', '.status.loadBalancer.ingress[*].ip')
      await eventually(async () => (await ingress()).length === 2 * count)
      for (const ip of await ingress()) await reachesBoth('two', ip, 8088)
    })

    test('the API is reached from pods, and reaches their node', async () => {
      const script = `printf 'GET /version HTTP/1.0\\r\\n\\r\\n' | nc -w 3 $KUBERNETES_SERVICE_HOST 443; echo asked`
      assert.match(await inPod('two', script), /asked/)
      assert.equal(await kubectl.run(`get --raw /api/v1/nodes/${SECOND}/proxy/healthz`), 'ok')
      assert.match(
        await kubectl.run('get --raw /api/v1/namespaces/default/pods/two/proxy/'),
        /from two/,
      )
      assert.match(
        await kubectl.run('get --raw /api/v1/namespaces/default/services/web/proxy/'),
        /from/,
      )
    })

    test('a network policy keeps strangers away under every address', async () => {
      await kubectl.run('apply -f -', {
        input: JSON.stringify(pod('alien', FIRST, { app: 'alien' })).replace(
          `"hostPort":${HOST_PORT}`,
          '"hostPort":0',
        ),
      })
      await kubectl.run('wait --for=condition=Ready pod/alien --timeout=150s')
      const all = [...(await addressesOf('one')), ...(await addressesOf('two'))]
      for (const ip of all) assert.match(await inPod('alien', asking(ip)), /from/, ip)
      await kubectl.run('apply -f -', { input: JSON.stringify(deny) })
      // Side by side, since each waits for an answer that does not come.
      await Promise.all(
        all.map(ip =>
          eventually(async () => !(await inPod('alien', asking(ip))).includes('from')).catch(() =>
            assert.fail(`${ip} is still open`),
          ),
        ),
      )
      for (const ip of await addressesOf('two'))
        assert.match(await inPod('one', asking(ip)), /from/)
      await kubectl.run('delete networkpolicy deny')
    })

    test('routes, rules and addresses are there again after a restart of the joined node', async () => {
      await cluster.restartSecond()
      for (const ip of await addressesOf('two'))
        await eventually(async () => (await inPod('one', asking(ip))).includes('from two'))
      await kubectl.run('delete pod two --wait')
      await kubectl.run('apply -f -', { input: JSON.stringify(pod('two', SECOND)) })
      await kubectl.run('wait --for=condition=Ready pod/two --timeout=150s')
      for (const ip of await addressesOf('two'))
        await eventually(async () => (await inPod('one', asking(ip))).includes('from two'))
    })
  })
