/** Services, names and addresses, as pods and the node see them. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { eventually } from '../proa-process.ts'
import {
  type Bench,
  container,
  FOREVER,
  fetchScript,
  linesOf,
  podOf,
  podRunning,
  runProgram,
  serviceOf,
} from './bench.ts'
import { HOST_FILES } from './life.ts'

const PAGE = 'hostname > /www/index.html; exec httpd -f -p 8080 -h /www'

const UDP_ECHO = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (text, from) => socket.send('echo ' + text, from.port, from.address))
socket.bind(5000)`
const UDP_ASK = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', text => { console.log(String(text)); process.exit() })
setTimeout(() => process.exit(1), 3000)
socket.send('hello', 5000, process.argv[1])`
/** Asks the API server as a program in a pod does: with the token, certificate and address that it finds there. */
const API_ASK = `
const { readFileSync } = require('node:fs')
const [directory, host, servername] = process.argv.slice(1)
const token = readFileSync(directory + '/token', 'utf8')
require('node:https').get({ host, port: 443, servername, path: '/api/v1/namespaces/kubectl-cases/pods',
  ca: readFileSync(directory + '/ca.crt'), headers: { host: servername, authorization: 'Bearer ' + token } }, answer => {
  let text = ''
  answer.on('data', part => { text += part })
  answer.on('end', () => console.log(answer.statusCode, JSON.parse(text).message ?? JSON.parse(text).kind))
}).on('error', error => console.log(error.message))`

/** Addresses for documentation, which no network has. */
const OUTSIDE = '198.51.100.2'
const OUTSIDE_GATEWAY = '198.51.100.1'
const TELL_CLIENT = `
require('node:http').createServer((asked, answer) => answer.end(asked.socket.remoteAddress + '\\n'))
  .listen(8080, () => console.log('listening'))`

/** A machine beyond the node, which knows no way to pods: a network namespace with a web server that tells who asks. */
class Outside {
  readonly #name = `proa-out-${process.pid}`
  readonly #link = `po${process.pid}`
  #server: ChildProcess | undefined

  async start(): Promise<void> {
    clearLeft()
    const ip = (words: string) => assert.equal(spawnSync('ip', words.split(' ')).status, 0, words)
    const name = this.#name
    ip(`netns add ${name}`)
    ip(`link add ${this.#link} type veth peer name eth0 netns ${name}`)
    ip(`address add ${OUTSIDE_GATEWAY}/30 dev ${this.#link}`)
    ip(`link set ${this.#link} up`)
    ip(`-n ${name} address add ${OUTSIDE}/30 dev eth0`)
    ip(`-n ${name} link set eth0 up`)
    const words = ['netns', 'exec', name, process.execPath, '-e', TELL_CLIENT]
    const server = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#server = server
    await new Promise(resolve => server.stdout.once('data', resolve))
  }

  end(): void {
    this.#server?.kill('SIGKILL')
    spawnSync('ip', ['link', 'delete', this.#link])
    spawnSync('ip', ['netns', 'delete', this.#name])
  }
}

/** Takes away what a test left that was killed: its address would be found in the place of ours. */
function clearLeft(): void {
  const { stdout } = spawnSync('ip', ['netns'], { encoding: 'utf8' })
  for (const [name, pid] of stdout.matchAll(/^proa-out-(\d+)/gm)) {
    if (existsSync(`/proc/${pid}`)) continue
    spawnSync('ip', ['link', 'delete', `po${pid}`])
    spawnSync('ip', ['netns', 'delete', name])
  }
}

export function networkCases(bench: Bench): void {
  const { kubectl } = bench
  const readiness = { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }
  const page = async (from: string, host: string, port: number | string = 80) =>
    linesOf((await bench.inPod(from, fetchScript(host, port))).stdout).at(-1)
  const onHost = async (host: string, port: string) =>
    linesOf((await runProgram('busybox', ['sh', '-c', fetchScript(host, port)])).stdout).at(-1)

  test('a Service: from pods, itself, the node, through node ports and host ports', async () => {
    await bench.apply(
      podRunning('shop', PAGE, {
        ...readiness,
        ports: [{ name: 'http', containerPort: 8080, hostPort: 28_080 }],
      }),
      serviceOf('shop', {
        type: 'NodePort',
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'other', port: 81, targetPort: 8080 },
        ],
      }),
      podRunning('buyer', FOREVER),
    )
    await bench.ready('shop', 'buyer')
    const [ip, pod, node] = await Promise.all([
      bench.field('service shop', '.spec.clusterIP'),
      bench.field('pod shop', '.status.podIP'),
      bench.field('pod shop', '.status.hostIP'),
    ])
    const port = await bench.field('service shop', '.spec.ports[0].nodePort')
    await eventually(async () => (await page('buyer', ip)) === 'shop')
    assert.equal(await page('buyer', 'shop', 81), 'shop', 'a second port')
    assert.equal(await page('buyer', pod, 8080), 'shop', 'pod to pod')
    assert.equal(await page('shop', ip), 'shop', 'a pod through its own Service')
    assert.equal(await page('buyer', node, port), 'shop', 'node port from a pod')
    assert.equal(await onHost(ip, '80'), 'shop', 'the node through the Service')
    assert.equal(await onHost(node, port), 'shop', 'node port from the node')
    assert.equal(await onHost(node, '28080'), 'shop', 'host port from the node')
    assert.equal(await page('buyer', node, 28_080), 'shop', 'host port from a pod')
    const second = podRunning('shop-second', PAGE, {
      ports: [{ containerPort: 8080, hostPort: 28_080 }],
    })
    await bench.apply(second)
    await eventually(async () =>
      (await bench.events('shop-second')).some(event =>
        /^FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't have free ports/.test(
          event,
        ),
      ),
    )
    await bench.delete('shop-second')
  })

  test('a Service of type LoadBalancer has the node’s address, unless the machine needs the port itself', async () => {
    const server = createServer((_, response) => response.end('machine'))
    const node = await bench.field('node', '.items[0].status.addresses[0].address')
    await new Promise<void>(resolve => server.listen(0, node, resolve))
    const { port: taken } = server.address() as AddressInfo
    const free = 28_180
    try {
      await bench.apply(
        podRunning('balanced', PAGE, { ports: [{ containerPort: 8080 }] }),
        serviceOf('balanced', { type: 'LoadBalancer', ports: [{ port: free, targetPort: 8080 }] }),
        podRunning('guest-of-balanced', FOREVER),
      )
      await bench.ready('balanced', 'guest-of-balanced')
      const given = () =>
        bench.field('service balanced', '.status.loadBalancer.ingress[*].ip').catch(() => '')
      await eventually(async () => (await given()) === node)
      assert.equal(await eventually(() => onHost(node, String(free))), 'balanced')
      assert.equal(await page('guest-of-balanced', node, free), 'balanced')
      await bench.apply(
        serviceOf('greedy', {
          type: 'LoadBalancer',
          selector: { app: 'balanced' },
          ports: [{ port: taken, targetPort: 8080 }],
        }),
      )
      await eventually(async () =>
        (await bench.events('greedy')).some(told => told.includes(`listens on port ${taken}/TCP`)),
      )
      assert.equal(await onHost(node, String(taken)), 'machine')
    } finally {
      await new Promise(resolve => server.close(resolve))
    }
  })

  test('pods reach the node as themselves, and what is beyond it under the node’s address', async () => {
    const here = createServer((asked, answer) => answer.end(`${asked.socket.remoteAddress}\n`))
    await new Promise<void>(resolve => here.listen(0, '0.0.0.0', () => resolve()))
    const { port } = here.address() as AddressInfo
    const outside = new Outside()
    try {
      await outside.start()
      await bench.apply(podRunning('walker', FOREVER))
      await bench.ready('walker')
      const { podIP, hostIP } = (await bench.get('pod walker')).status
      assert.ok(String(await page('walker', hostIP, port)).endsWith(podIP))
      assert.ok(String(await page('walker', OUTSIDE, 8080)).endsWith(OUTSIDE_GATEWAY))
    } finally {
      here.close()
      outside.end()
    }
  })

  test('session affinity stays; a Service without endpoints refuses at once', async () => {
    const twin = (name: string) =>
      podOf(name, { containers: [container('c', PAGE, readiness)] }, { labels: { app: 'twins' } })
    await bench.apply(
      twin('twin-a'),
      twin('twin-b'),
      serviceOf('twins', { ports: [{ port: 80, targetPort: 8080 }] }),
      {
        ...serviceOf('sticky', {
          selector: { app: 'twins' },
          sessionAffinity: 'ClientIP',
          ports: [{ port: 80, targetPort: 8080 }],
        }),
      },
      serviceOf('deserted', { ports: [{ port: 80 }] }),
      podRunning('guest', FOREVER),
    )
    await bench.ready('twin-a', 'twin-b', 'guest')
    const both = async (host: string) => {
      const script = `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ${fetchScript(host, 80)} | tail -1; done | sort -u`
      return linesOf((await bench.inPod('guest', script)).stdout)
    }
    await eventually(async () => (await both('twins')).length === 2)
    assert.equal((await both('sticky')).length, 1)
    const refused = await bench.inPod('guest', 'nc -w 5 deserted 80 </dev/null; echo $?; ')
    assert.match(refused.stderr, /refused/)
    await kubectl.run('delete pod twin-a twin-b --now')
    await eventually(async () =>
      /refused/.test((await bench.inPod('guest', fetchScript('twins', 80))).stderr),
    )
    await bench.delete('guest')
  })

  test('names: headless Services, pods by name, ports, reverse, search paths, what is none', async () => {
    // As those of a StatefulSet are.
    const member = (name: string) =>
      podOf(
        name,
        { hostname: name, subdomain: 'db', containers: [container('c', PAGE, readiness)] },
        { labels: { app: 'db' } },
      )
    await bench.apply(
      member('db-0'),
      member('db-1'),
      serviceOf('db', {
        clusterIP: 'None',
        ports: [{ name: 'sql', port: 5432, targetPort: 8080 }],
      }),
      podRunning('asker', FOREVER),
    )
    await bench.ready('asker', 'db-0', 'db-1')
    const ask = async (name: string, type = '') =>
      bench.says('asker', `nslookup ${type ? `-type=${type}` : ''} ${name} 2>&1`)
    const zone = 'kubectl-cases.svc.cluster.local'
    const [a, b] = await Promise.all(
      ['db-0', 'db-1'].map(name => bench.field(`pod ${name}`, '.status.podIP')),
    )
    await eventually(async () => {
      const said = await ask(`db.${zone}`, 'a')
      return said.includes(`${a}`) && said.includes(`${b}`)
    })
    assert.ok((await ask(`db-0.db.${zone}`)).includes(`${a}`))
    assert.match(await ask(`_sql._tcp.db.${zone}`, 'srv'), /0 (50|100) 8080 db-[01]\.db\./)
    assert.match(await ask(`${a}`), new RegExp(`name = db-0\\.db\\.${zone}`))
    assert.doesNotMatch(await ask(`db.${zone}`, 'aaaa'), /NXDOMAIN|SERVFAIL|Address:.*::/)
    assert.match(await ask(`none.${zone}`), /NXDOMAIN/)
    assert.equal(await page('asker', 'db-1.db', 8080), 'db-1', 'by the search path')
    const from = performance.now()
    assert.match(await ask('outside.test.'), /NXDOMAIN|SERVFAIL|REFUSED|timed out/)
    assert.ok(performance.now() - from < 15_000)
    await bench.delete('db-0', 'db-1', 'asker')
  })

  test('the API by its name, with the token that every pod has; UDP through a Service', async () => {
    const node = (script: string) => ['chroot', '/host', process.execPath, '-e', script]
    const named = (name: string, spec: object) =>
      podOf(name, { volumes: HOST_FILES.volumes, ...spec })
    await bench.apply(
      named('udp', {
        containers: [{ ...container('c', '', HOST_FILES.mounts), command: node(UDP_ECHO) }],
      }),
      serviceOf('udp', { ports: [{ port: 5000, protocol: 'UDP' }] }),
      named('client', { containers: [container('c', FOREVER, HOST_FILES.mounts)] }),
    )
    await bench.ready('udp', 'client')
    const ip = await bench.field('service udp', '.spec.clusterIP')
    await eventually(
      async () =>
        (await kubectl.try(['exec', 'client', '--', ...node(UDP_ASK), ip])).stdout ===
        'echo hello\n',
    )
    const { stdout: found } = await bench.inPod(
      'client',
      'nslookup -type=a kubernetes.default.svc.cluster.local',
    )
    const api = /Address: (10\.\S+)\s*$/.exec(found.trim())?.[1] ?? ''
    assert.equal(api, bench.proa.ranges.api, found)
    // The host's files are at /host, but the token is not there: it is copied next to them.
    const directory = `${bench.scratch}/token`
    const tokens = '/var/run/secrets/kubernetes.io/serviceaccount'
    await bench.says(
      'client',
      `mkdir -p /host${directory} && cp ${tokens}/token ${tokens}/ca.crt /host${directory}`,
    )
    const asked = async () =>
      (
        await kubectl.run([
          'exec',
          'client',
          '--',
          ...node(API_ASK),
          directory,
          api,
          'kubernetes.default.svc',
        ])
      ).trim()
    assert.match(
      await asked(),
      /^403 pods is forbidden: User "system:serviceaccount:kubectl-cases:default" cannot list resource "pods"/,
    )
    await kubectl.run('create role reader --verb=list --resource=pods')
    await kubectl.run(
      'create rolebinding reader --role=reader --serviceaccount=kubectl-cases:default',
    )
    await eventually(async () => (await asked()) === '200 PodList')
  })
}
