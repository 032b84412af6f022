/** Network policies in a real kernel: a node, its pods, one of another node and a stranger, each in a network namespace of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { NO_RULES, type Ruleset } from '#host/nftables/ruleset.ts'
import { TableWriter } from '#host/nftables/table-writer.ts'
import { transaction } from '#host/nftables/transaction.ts'
import { compilePolicy } from '../../src/network/policy/allowance.ts'
import { PolicyBook } from '../../src/network/policy/policy-book.ts'
import { rulesetOf } from '../../src/proxy/ruleset.ts'
import type { Attempt } from '../tools/network-agent.ts'
import { eventually, whyNotHere } from './proa-process.ts'

const prefix = `proa-n${process.pid}`
const agentFile = join(import.meta.dirname, '..', 'tools', 'network-agent.ts')
const PORTS = [80, 81, 8080]
const NODE_ADDRESS = '10.244.0.1'
const TABLE = { family: 'inet', name: 'proa-policy' } as const
const hosts = {
  a: { space: 'one', labels: { app: 'a' }, address: '10.244.0.5', address6: 'fd00::5' },
  b: { space: 'one', labels: { app: 'b' }, address: '10.244.0.6', address6: 'fd00::6' },
  c: { space: 'two', labels: { app: 'a' }, address: '10.244.0.7', address6: 'fd00::7' },
  far: { space: 'two', labels: { app: 'far' }, address: '10.244.1.5', address6: 'fd00:0:0:1::5' },
  stranger: { space: '', labels: {}, address: '192.0.2.7', address6: '2001:db8::7' },
}
type Name = keyof typeof hosts | 'node'
type PodName = 'a' | 'b' | 'c' | 'far'
const NAMES = Object.keys(hosts) as (keyof typeof hosts)[]

class Agent {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (heard: string) => void>()
  readonly ready: Promise<string>
  #last = 0

  constructor(name: Name, timeoutMs: number) {
    const words = [process.execPath, agentFile, name, PORTS.join(), `${timeoutMs}`]
    this.#child = spawn('ip', ['netns', 'exec', `${prefix}-${name}`, ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.ready = new Promise(resolve => this.#waiting.set(0, resolve))
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', line => {
        const { id, heard } = JSON.parse(line)
        this.#waiting.get(id)?.(heard)
        this.#waiting.delete(id)
      })
  }

  ask(attempt: Omit<Attempt, 'id'>): Promise<string> {
    const id = ++this.#last
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#child.stdin?.write(`${JSON.stringify({ id, ...attempt })}\n`)
    })
  }

  async end(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.stdin?.end()
    await ended
  }
}

describe('network policies in the kernel', { skip: whyNotHere() }, () => {
  const agents = new Map<Name, Agent>()
  let book = new PolicyBook()
  let applied: Ruleset | undefined
  let version = 0

  before(async () => {
    layNetwork()
    for (const name of [...NAMES, 'node'] as Name[]) agents.set(name, new Agent(name, 1500))
    await Promise.all([...agents.values()].map(agent => agent.ready))
  })
  after(async () => {
    await Promise.all([...agents.values()].map(agent => agent.end()))
    for (const name of [...NAMES, 'node']) spawnSync('ip', ['netns', 'delete', `${prefix}-${name}`])
  })

  /** Only these policies; all pods are known. */
  function govern(...policies: object[]): void {
    book = new PolicyBook()
    book.setNodeRanges(['10.244.0.0/24', 'fd00::/64'])
    for (const name of ['one', 'two']) book.setNamespace(name, { name })
    for (const name of ['a', 'b', 'c', 'far'] as const) setPod(name)
    for (const [number, spec] of policies.entries()) {
      const metadata = { namespace: 'one', name: `${number}`, resourceVersion: `${++version}` }
      book.setPolicy(`one/${number}`, compilePolicy({ metadata, spec } as unknown as NetworkPolicy))
    }
    apply()
  }

  function setPod(name: PodName, labels: Record<string, string> = hosts[name].labels): void {
    const { space: namespace, address, address6 } = hosts[name]
    const key = `${namespace}/${name}`
    book.setPod(key, {
      ...{ key, uid: key, namespace, labels, created: '', isLocal: name !== 'far' },
      addresses: [address, address6],
      namedPorts: [{ name: 'web', protocol: 'tcp', port: name === 'b' ? 80 : 81 }],
    })
  }

  function apply(): void {
    const next = book.ruleset()
    inNode(['nft', '-f', '-'], transaction(TABLE, applied, next))
    applied = next
  }

  const ask = (from: Name, to: keyof typeof hosts | 'node', port = 80, more: object = {}) => {
    const host = to === 'node' ? NODE_ADDRESS : hosts[to].address
    return agentOf(from).ask({ protocol: 'tcp', host, port, ...more })
  }
  const agentOf = (name: Name) => agents.get(name) ?? assert.fail(name)

  /** `a>b` and the like, with `:port`, `/udp` or `/6` behind it; all of these at once, and whatever is listed as `yes` and nothing else arrives. */
  async function reach(yes: string, no: string): Promise<void> {
    const cases = [
      ...yes.split(' ').map(text => ({ text, wanted: true })),
      ...no.split(' ').map(text => ({ text, wanted: false })),
    ].filter(({ text }) => text !== '')
    const results = await Promise.all(
      cases.map(async ({ text, wanted }) => {
        const [, from = '', to = '', port = '80', how] =
          /^(\w+)>(\w+)(?::(\d+))?(?:\/(udp|6))?$/.exec(text) ?? []
        const host = how === '6' ? { host: hosts[to as keyof typeof hosts].address6 } : {}
        const protocol = how === 'udp' ? 'udp' : 'tcp'
        const attempt = () =>
          ask(from as Name, to as Name, Number(port), { protocol, ...host }).then(Boolean)
        // A busy machine may be late now and then.
        const does = (await attempt()) || (wanted && ((await attempt()) || (await attempt())))
        return does === wanted ? '' : `${text} ${does ? 'arrives' : 'does not arrive'}`
      }),
    )
    assert.deepEqual(results.filter(Boolean), [])
  }

  test('without policies there is no table, and all is open', async () => {
    govern()
    assert.equal(applied, NO_RULES)
    assert.equal(inNode(['nft', 'list', 'tables']), '')
    await reach('a>b c>b far>b stranger>b node>b b>a a>b/udp a>b/6 a>node a>stranger', '')
  })

  test('default deny of ingress: nobody but the node, which probes; the way out stays open', async () => {
    govern({ podSelector: {}, policyTypes: ['Ingress'] })
    await reach(
      'node>b node>b/udp b>c b>far b>node b>stranger a>c stranger>c b>c/6',
      'a>b c>b far>b stranger>b a>b/udp a>b/6 b>a stranger>b/6',
    )
    govern()
    await reach('a>b c>b far>b stranger>b a>b/udp a>b/6', '')
  })

  test('peers: pods of the namespace, pods of namespaces, both together, ranges less others', async () => {
    const b = { podSelector: { matchLabels: { app: 'b' } } }
    const from = (...from: object[]) => ({ ...b, ingress: [{ from }] })
    govern(from({ podSelector: { matchLabels: { app: 'a' } } }))
    await reach('a>b a>b/6 node>b', 'c>b far>b stranger>b c>b/6')
    govern(from({ namespaceSelector: { matchLabels: { name: 'two' } } }))
    await reach('c>b far>b far>b/6', 'a>b stranger>b')
    const both = { namespaceSelector: {}, podSelector: { matchLabels: { app: 'far' } } }
    govern(from(both))
    await reach('far>b', 'a>b c>b stranger>b')
    govern(from({ ipBlock: { cidr: '192.0.2.0/24' } }, { ipBlock: { cidr: '2001:db8::/32' } }))
    await reach('stranger>b stranger>b/6', 'a>b far>b')
    govern(from({ ipBlock: { cidr: '0.0.0.0/0', except: ['192.0.2.0/24', '10.244.0.5/32'] } }))
    await reach('c>b far>b', 'stranger>b a>b c>b/6')
    // A second policy adds to the first.
    govern(from(both), from({ podSelector: { matchLabels: { app: 'a' } } }))
    await reach('far>b a>b', 'c>b stranger>b')
  })

  test('ports: by number, by name at the pod, in ranges, of a protocol', async () => {
    const ports = (...ports: object[]) => ({ podSelector: {}, ingress: [{ ports }] })
    govern(ports({ port: 80 }))
    await reach('c>b', 'c>b:81 c>b/udp')
    govern(ports({ port: 'web' }))
    await reach('c>b:80 c>a:81 c>a:81/6', 'c>b:81 c>a:80')
    govern(ports({ port: 81, endPort: 9000 }))
    await reach('c>b:81 c>b:8080', 'c>b:80')
    govern(ports({ protocol: 'UDP', port: 80 }))
    await reach('c>b/udp', 'c>b c>b:81/udp')
    govern(ports({ protocol: 'SCTP' }))
    await reach('node>b', 'c>b c>b/udp')
    const egress = (...ports: object[]) => ({ podSelector: {}, egress: [{ ports }] })
    govern({ ...egress({ port: 'web' }), policyTypes: ['Egress'] })
    await reach('a>b:80 a>c:81 b>far:81', 'a>b:81 a>c:80 b>stranger')
  })

  test('egress: only what is allowed, to the node as well; answers go back', async () => {
    const a = { podSelector: { matchLabels: { app: 'a' } }, policyTypes: ['Egress'] }
    govern(a)
    await reach(
      'b>a node>a far>a stranger>a b>a/6',
      'a>b a>c a>far a>stranger a>node a>b/6 a>b/udp',
    )
    govern({ ...a, egress: [{ to: [{ podSelector: {} }] }] })
    await reach('a>b a>b/6', 'a>c a>far a>stranger a>node')
    govern({ ...a, egress: [{ to: [{ ipBlock: { cidr: `${NODE_ADDRESS}/32` } }] }] })
    await reach('a>node', 'a>b a>stranger')
    // Both sides have to agree.
    govern(
      { ...a, egress: [{ to: [{ podSelector: {} }] }] },
      { podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Ingress'] },
    )
    await reach('b>a node>b', 'a>b')
  })

  test('changes of labels, of pods and of addresses are changes of elements', async () => {
    govern({
      podSelector: { matchLabels: { app: 'b' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }] }],
    })
    setPod('a', { app: 'other' })
    const before = applied
    apply()
    assert.ok(transaction(TABLE, before, applied ?? NO_RULES).split('\n').length < 4)
    await reach('node>b', 'a>b')
    setPod('b', { app: 'free' })
    apply()
    await reach('a>b stranger>b', '')
    book.setPod('one/b', undefined)
    apply()
    await reach('node>b', 'a>b stranger>b b>a b>node')
  })

  test('through Services: it is judged who really asks whom', async () => {
    const service = {
      name: 'one/web/tcp/http',
      ...{
        protocol: 'tcp' as const,
        port: 8000,
        clusterIps: ['10.96.0.7'],
        externalIps: ['198.51.100.1'],
      },
      nodePort: 30_080,
      ...{ keepsClientAddress: false, affinitySeconds: undefined },
    } as const
    const ends = [{ ip: hosts.b.address, port: 80 }]
    const endpoints = {
      ...{ internalEndpoints: ends, externalEndpoints: ends, servingEndpoints: ends },
      ...{ allEndpoints: ends, balancerIps: [], sourceRanges: [] },
    }
    const rules = rulesetOf([{ ...service, ...endpoints }], [], { clusterCidr: '10.244.0.0/16' })
    inNode(['nft', '-f', '-'], transaction({ family: 'ip', name: 'proa' }, undefined, rules))
    const through = async (from: Name, host: string, port: number) =>
      agentOf(from).ask({ protocol: 'tcp', host, port })
    const deny = { podSelector: { matchLabels: { app: 'b' } } }
    govern(deny)
    const outcomes = async () => ({
      a: await through('a', '10.96.0.7', 8000),
      itself: await through('b', '10.96.0.7', 8000),
      node: await through('node', '10.96.0.7', 8000),
      nodePort: await through('stranger', NODE_ADDRESS, 30_080),
      externalIp: await through('stranger', '198.51.100.1', 8000),
    })
    const denied = { a: '', itself: 'b', node: 'b', nodePort: '', externalIp: '' }
    assert.deepEqual(await outcomes(), denied)
    govern({ ...deny, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.7/32' } }] }] })
    assert.deepEqual(await outcomes(), { ...denied, nodePort: 'b', externalIp: 'b' })
    inNode(['nft', 'delete', 'table', 'ip', 'proa'])
  })

  test('who asks through the Service of another pod under its address is not taken for that pod', () => {
    const inside = (name: Name, words: readonly string[], input = '') =>
      spawnSync('ip', ['netns', 'exec', `${prefix}-${name}`, ...words], { encoding: 'utf8', input })
    const { address } = hosts.b
    const ends = [{ ip: address, port: 80 }]
    const service = {
      ...{ name: 'one/web/udp/u', protocol: 'udp' as const, port: 8000 },
      clusterIps: ['10.96.0.7'],
      ...{ externalIps: [], nodePort: undefined },
      ...{ keepsClientAddress: false, affinitySeconds: undefined },
      ...{ internalEndpoints: ends, externalEndpoints: ends, servingEndpoints: ends },
      ...{ allEndpoints: ends, balancerIps: [], sourceRanges: [] },
    } as const
    const rules = rulesetOf([service], [], { clusterCidr: '10.244.0.0/16' })
    inNode(['nft', '-f', '-'], transaction({ family: 'ip', name: 'proa' }, undefined, rules))
    const counter = `add table ip t
      add chain ip t input { type filter hook input priority 0; }
      add rule ip t input udp dport 80 counter`
    inside('b', ['nft', '-f', '-'], counter)
    const heard = () =>
      Number(/packets (\d+)/.exec(inside('b', ['nft', 'list', 'table', 'ip', 't']).stdout)?.[1])
    const send = (from: Name) => {
      const program = `const socket = require('dgram').createSocket('udp4')
        socket.bind(0, '${address}', () => socket.send('?', 8000, '10.96.0.7', () => socket.close()))`
      assert.equal(inside(from, [process.execPath, '-e', program]).status, 0)
      return heard()
    }
    const own = (verb: string) => inside('a', ['ip', 'addr', verb, `${address}/32`, 'dev', 'eth0'])
    assert.equal(own('add').status, 0)
    govern()
    const before = send('a')
    assert.ok(before > 0)
    govern({ podSelector: { matchLabels: { app: 'b' } }, policyTypes: ['Ingress', 'Egress'] })
    assert.equal(send('a'), before)
    // The pod itself is heard.
    assert.equal(send('b'), before + 1)
    assert.equal(own('delete').status, 0)
    inside('b', ['nft', 'delete', 'table', 'ip', 't'])
    inNode(['nft', 'delete', 'table', 'ip', 'proa'])
  })

  test('what began before a policy came ends with it', async () => {
    govern()
    const again = () => ask('a', 'b', 80, { kept: 'long' })
    assert.equal(await again(), 'b')
    govern({ podSelector: {}, policyTypes: ['Ingress'] })
    assert.equal(await again(), '')
    govern()
    await eventually(async () => (await again()) !== '')
  })

  test('a pod that sends under an address that is not its own is judged by nobody, and stopped', () => {
    const forged = '192.0.2.99'
    const inside = (name: Name, ...words: string[]) =>
      spawnSync('ip', ['netns', 'exec', `${prefix}-${name}`, ...words], { encoding: 'utf8' })
    inside('a', 'ip', 'addr', 'add', `${forged}/32`, 'dev', 'eth0')
    const rules = `add table ip t
      add chain ip t input { type filter hook input priority 0; }
      add rule ip t input ip saddr ${forged} counter`
    spawnSync('ip', ['netns', 'exec', `${prefix}-stranger`, 'nft', '-f', '-'], { input: rules })
    const arrived = () => {
      const { address } = hosts.stranger
      const program = `const socket = require('dgram').createSocket('udp4')
        socket.bind(0, '${forged}', () => socket.send('?', 80, '${address}', () => socket.close()))`
      assert.equal(inside('a', process.execPath, '-e', program).status, 0)
      const listed = inside('stranger', 'nft', 'list', 'table', 'ip', 't').stdout
      return Number(/packets (\d+)/.exec(listed)?.[1])
    }
    govern()
    const before = arrived()
    assert.ok(before > 0)
    govern({ podSelector: { matchLabels: { app: 'a' } }, policyTypes: ['Egress'] })
    assert.equal(arrived(), before)
    inside('a', 'ip', 'addr', 'delete', `${forged}/32`, 'dev', 'eth0')
  })

  test('come back where somebody else removes them', async () => {
    govern({ podSelector: {}, policyTypes: ['Ingress'] })
    const log = { ...silentLog, with: () => log }
    let writes = 0
    const writer = new TableWriter({
      ...{ clock: systemClock, log, table: TABLE, what: 'rules', gate: 'forward', lookEveryMs: 50 },
      nft: ['ip', 'netns', 'exec', `${prefix}-node`, 'nft'],
      wanted: () => ({ ruleset: book.ruleset() }),
      written: () => writes++,
    })
    await writer.firstWrite
    await reach('node>b', 'a>b')
    inNode(['nft', 'flush', 'ruleset'])
    await eventually(() => writes === 2)
    await reach('node>b', 'a>b')
    await writer.stop()
    applied = undefined
  })
})

function layNetwork(): void {
  const node = `${prefix}-node`
  const settings = 'net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1'
  sh(`ip netns add ${node}; ip -n ${node} link set lo up
    ip netns exec ${node} sysctl -qw ${settings}
    ip -n ${node} link add proa0 type bridge; ip -n ${node} link set proa0 up
    ip -n ${node} addr add ${NODE_ADDRESS}/32 dev proa0
    ip -n ${node} route add 10.96.0.0/12 dev proa0`)
  for (const [name, { address, address6 }] of Object.entries(hosts)) {
    const ns = `${prefix}-${name}`
    sh(`ip netns add ${ns}; ip -n ${ns} link set lo up
      ip -n ${node} link add veth-${name} type veth peer name eth0 netns ${ns}
      ip -n ${ns} addr add ${address}/32 dev eth0
      ip -n ${ns} -6 addr add ${address6}/128 dev eth0 nodad
      ip -n ${ns} link set eth0 up; ip -n ${node} link set veth-${name} up
      ip -n ${ns} route add ${NODE_ADDRESS} dev eth0
      ip -n ${ns} route add default via ${NODE_ADDRESS}
      ip -n ${node} -6 addr add fe80::1/64 dev veth-${name} nodad
      ip -n ${ns} -6 route add default via fe80::1 dev eth0
      ip -n ${node} route add ${address} dev veth-${name}
      ip -n ${node} -6 route add ${address6} dev veth-${name}`)
  }
}

function sh(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', script], { encoding: 'utf8' })
  assert.equal(status, 0, `${script}\n${stderr}`)
}

function inNode(words: readonly string[], input = ''): string {
  const all = ['netns', 'exec', `${prefix}-node`, ...words]
  const { status, stdout, stderr } = spawnSync('ip', all, { encoding: 'utf8', input })
  assert.equal(status, 0, stderr)
  return stdout
}
