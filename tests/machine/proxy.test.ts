/** The proxy's rules in a real kernel: a node, a client and two servers, each in a network namespace of its own. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import type { Ruleset } from '#host/nftables/ruleset.ts'
import { transaction } from '#host/nftables/transaction.ts'
import { silentLog } from '../../src/base/log.ts'
import { udpDestinationsOf } from '../../src/proxy/conntrack.ts'
import { FlowCleaner } from '../../src/proxy/flow-cleaner.ts'
import { rulesetOf } from '../../src/proxy/ruleset.ts'
import type { ServicePort } from '../../src/proxy/service-ports.ts'

const prefix = `proa-t${process.pid}`
const hosts = { client: '10.244.0.2', one: '10.244.0.5', two: '10.244.0.6' }
const servers: ReturnType<typeof spawn>[] = []
const node = `${prefix}-node`
const TRIES = 5
const facts = { clusterCidr: '10.244.0.0/16' }

before(async () => {
  sh(
    `ip netns add ${node}; ip -n ${node} link set lo up; ip netns exec ${node} sysctl -qw net.ipv4.ip_forward=1`,
  )
  sh(
    `ip -n ${node} link add proa0 type bridge; ip -n ${node} link set proa0 up; ip -n ${node} addr add 10.244.0.1/32 dev proa0`,
  )
  sh(`ip -n ${node} route add 10.96.0.0/12 dev proa0`)
  for (const [name, ip] of Object.entries(hosts)) {
    const ns = `${prefix}-${name}`
    sh(
      `ip netns add ${ns}; ip -n ${ns} link set lo up; ip -n ${node} link add v-${name} type veth peer name eth0 netns ${ns}`,
    )
    sh(
      `ip -n ${ns} addr add ${ip}/32 dev eth0; ip -n ${ns} link set eth0 up; ip -n ${node} link set v-${name} up`,
    )
    sh(
      `ip -n ${ns} route add 10.244.0.1 dev eth0; ip -n ${ns} route add default via 10.244.0.1; ip -n ${node} route add ${ip} dev v-${name}`,
    )
  }
  for (const name of ['one', 'two'] as const) servers.push(serve(`${prefix}-${name}`, name))
  await until(
    () => ask('one', `${hosts.one}:8080`) === 'one' && ask('one', `${hosts.two}:8080`) === 'two',
  )
})

after(() => {
  for (const server of servers) server.kill('SIGKILL')
  for (const name of ['node', ...Object.keys(hosts)])
    spawnSync('ip', ['netns', 'delete', `${prefix}-${name}`])
})

test('pods and the node itself reach a service; a pod reaches itself through it', () => {
  const rules = apply(undefined, [web(['one'])])
  assert.equal(ask('client', '10.96.0.7:80'), 'one')
  assert.equal(ask('node', '10.96.0.7:80'), 'one')
  assert.equal(ask('one', '10.96.0.7:80'), 'one', 'hairpin')
  apply(rules, [web(['two'])])
  assert.equal(ask('client', '10.96.0.7:80'), 'two', 'after a change')
})

test('connections spread over the endpoints', () => {
  apply(undefined, [web(['one', 'two'])])
  const answers = new Set(Array.from({ length: 20 }, () => ask('client', '10.96.0.7:80')))
  assert.deepEqual([...answers].sort(), ['one', 'two'])
})

test('with session affinity a client stays where it was, also when endpoints are added', () => {
  const rules = apply(undefined, [web(['two'], { affinitySeconds: 60 })])
  assert.equal(ask('client', '10.96.0.7:80'), 'two')
  apply(rules, [web(['one', 'two'], { affinitySeconds: 60 })])
  const answers = Array.from({ length: 15 }, () => ask('client', '10.96.0.7:80'))
  assert.deepEqual([...new Set(answers)], ['two'])
})

test('a service without endpoints refuses at once', () => {
  apply(undefined, [web([])])
  for (const who of ['client', 'node']) {
    // Sooner than a lost first packet would be sent again; a busy machine may take as long to start the program that asks, now and then.
    const takenMs = Array.from({ length: TRIES }, () => {
      const started = performance.now()
      assert.match(ask(who, '10.96.0.7:80'), /refused/i)
      return performance.now() - started
    })
    assert.ok(Math.min(...takenMs) < 950, `${who}: ${takenMs.join(', ')} ms`)
  }
})

test('node ports answer on the node addresses', () => {
  apply(undefined, [web(['one'], { nodePort: 30_080 })])
  assert.equal(ask('client', '10.244.0.1:30080'), 'one')
})

test('a Service that keeps to the node serves pods and the node from other nodes, too', () => {
  const elsewhere = {
    externalIps: ['10.96.9.9'],
    externalEndpoints: [],
    keepsClientAddress: true,
  }
  apply(undefined, [web(['one'], elsewhere)])
  assert.equal(ask('client', '10.96.9.9:80'), 'one')
  assert.equal(ask('node', '10.96.9.9:80'), 'one')
})

test('a load balancer’s address is closed to those whom its Service does not name', () => {
  const balancerIps = ['10.244.0.1']
  const rules = apply(undefined, [web(['one'], { balancerIps, sourceRanges: ['10.244.0.2/32'] })])
  assert.equal(ask('client', '10.244.0.1:80'), 'one')
  const others = apply(rules, [web(['one'], { balancerIps, sourceRanges: ['192.0.2.0/24'] })])
  assert.doesNotMatch(ask('client', '10.244.0.1:80'), /one|refused/i)
  apply(others, [web(['one'], { balancerIps })])
  assert.equal(ask('client', '10.244.0.1:80'), 'one')
})

test('a UDP client with a fixed port leaves an endpoint that is gone', async () => {
  const cleaner = flowCleaner()
  const both = [names(['one', 'two'])]
  const rules = apply(undefined, [names(['one'])])
  cleaner.settled(udpDestinationsOf([names(['one'])], []))
  const stays = talk('client', '10.96.0.7', 53, 4001)
  const client = talk('client', '10.96.0.7', 53, 4000)
  await until(() => client.last() === 'one' && stays.last() === 'one')

  const more = apply(rules, both)
  cleaner.settled(udpDestinationsOf(both, []))
  await cleaner.idle()
  const last = apply(more, [names(['two'])])
  client.forget()
  await until(() => client.last() !== '')
  assert.equal(client.last(), 'one', 'the kernel keeps to its first choice')
  cleaner.settled(udpDestinationsOf([names(['two'])], []))
  await until(() => client.last() === 'two' && stays.last() === 'two')

  apply(last, [names(['two'], { internalEndpoints: at('one', 5353) })])
  cleaner.settled(udpDestinationsOf([names(['one'], { servingEndpoints: at('one', 5353) })], []))
  await until(() => client.last() === 'one at 5353')
  await cleaner.stop()
})

test('a UDP client that asked too early reaches a service and its node port', async () => {
  apply(undefined, [])
  const cleaner = flowCleaner()
  cleaner.settled(new Map())
  const clients = [
    talk('client', '10.96.0.7', 53, 4002),
    talk('client', '10.244.0.1', 30_053, 4003),
    talk('node', '10.96.0.7', 53, 4004),
  ]
  await until(() => flows('--dport 53 --sport 4002') + flows('--dport 30053') >= 2)
  const port = names(['one'], { nodePort: 30_053 })
  apply(undefined, [port])
  cleaner.settled(udpDestinationsOf([port], []))
  await until(() => clients.every(client => client.last() === 'one'))
  await cleaner.stop()
})

function flowCleaner(): FlowCleaner {
  return new FlowCleaner({
    family: 4,
    log: { ...silentLog, warn: (message, fields) => assert.fail(`${message} ${fields?.error}`) },
    conntrack: ['ip', 'netns', 'exec', node, 'conntrack'],
    isLocal: ip => ip === '10.244.0.1',
  })
}

function names(servers: readonly ('one' | 'two')[], more: Partial<ServicePort> = {}): ServicePort {
  const endpoints = servers.flatMap(name => at(name, 53))
  return {
    ...web([], { name: 'default/web/udp/dns', protocol: 'udp', port: 53 }),
    ...{ internalEndpoints: endpoints, externalEndpoints: endpoints, servingEndpoints: endpoints },
    ...{ allEndpoints: endpoints, balancerIps: [], sourceRanges: [] },
    ...more,
  }
}

function at(name: 'one' | 'two', port: number) {
  return [{ ip: hosts[name], port }]
}

function flows(filter: string): number {
  const words = ['netns', 'exec', node, 'conntrack', '-L', '-p', 'udp', ...filter.split(' ')]
  return spawnSync('ip', words).stdout.toString().split('\n').length - 1
}

/** Somebody who asks again and again from one port. */
function talk(from: string, ip: string, port: number, ownPort: number) {
  const program = `const socket = require('dgram').createSocket('udp4').bind(${ownPort})
    socket.on('error', () => {}).on('message', message => process.stdout.write(message + '\\n'))
    setInterval(() => socket.send('?', ${port}, '${ip}', () => {}), 100)`
  const words = ['netns', 'exec', `${prefix}-${from}`, process.execPath, '-e', program]
  const child = spawn('ip', words)
  servers.push(child)
  let heard: string[] = []
  child.stdout.on('data', text => heard.push(...String(text).trim().split('\n')))
  return {
    last: () => heard.at(-1) ?? '',
    forget: () => {
      heard = []
    },
  }
}

function web(names: readonly ('one' | 'two')[], more: Partial<ServicePort> = {}): ServicePort {
  const endpoints = names.map(name => ({ ip: hosts[name], port: 8080 }))
  return {
    name: 'default/web/tcp/http',
    protocol: 'tcp',
    port: 80,
    clusterIps: ['10.96.0.7'],
    externalIps: [],
    balancerIps: [],
    sourceRanges: [],
    allEndpoints: endpoints,
    nodePort: undefined,
    internalEndpoints: endpoints,
    externalEndpoints: endpoints,
    servingEndpoints: endpoints,
    keepsClientAddress: false,
    affinitySeconds: undefined,
    ...more,
  }
}

function apply(previous: Ruleset | undefined, services: readonly ServicePort[]): Ruleset {
  const next = rulesetOf(services, [], facts)
  const result = spawnSync('ip', ['netns', 'exec', node, 'nft', '-f', '-'], {
    input: transaction({ family: 'ip', name: 'proa' }, previous, next),
  })
  assert.equal(result.status, 0, result.stderr.toString())
  return next
}

/** What the server answers to somebody in that namespace, or the complaint. */
function ask(from: string, target: string): string {
  const program = `require('http').get('http://${target}/', { timeout: 2000 }, r => r.pipe(process.stdout))
    .on('timeout', () => process.exit(1)).on('error', error => process.stdout.write(error.code))`
  const words = ['netns', 'exec', `${prefix}-${from}`, process.execPath, '-e', program]
  return spawnSync('ip', words).stdout.toString()
}

function serve(namespace: string, answer: string) {
  const program = `require('http').createServer((q, r) => r.end('${answer}')).listen(8080)
    const udp = (port, text) => {
      const socket = require('dgram').createSocket('udp4').bind(port)
      socket.on('message', (_, { port, address }) => socket.send(text, port, address))
    }
    udp(53, '${answer}')
    udp(5353, '${answer} at 5353')`
  return spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program])
}

function sh(script: string): void {
  const result = spawnSync('sh', ['-ec', script])
  assert.equal(result.status, 0, `${script}\n${result.stderr}`)
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (holds()) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.fail('it did not come to that')
}
