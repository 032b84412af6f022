/** Random policies, pods and namespaces that change; the rules let through just what the model does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Ruleset } from '#host/nftables/ruleset.ts'
import { compilePolicy } from './allowance.ts'
import { policedPodOf } from './policed-pod.ts'
import { PolicyBook } from './policy-book.ts'
import { type Packet, passes } from './testing/evaluate.ts'
import { isAllowed, type World } from './testing/model.ts'

const NODE = 'here'
const RANGES = ['10.244.0.0/24', 'fd00::/64']
const SPACES = ['one', 'two', 'three']
const OUTSIDE = ['192.0.2.7', '10.244.0.99', '2001:db8::7']

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'), {
  maxKeys: 2,
})
const expression = fc
  .record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 2 }),
  })
  .map(({ values, ...rest }) => (/In$/.test(rest.operator) ? { ...rest, values } : rest))
const selector = fc.oneof(
  { weight: 2, arbitrary: labels.map(matchLabels => ({ matchLabels })) },
  expression.map(one => ({ matchExpressions: [one] })),
  fc.record({
    matchLabels: labels,
    matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }),
  }),
)
const block = fc.constantFrom(
  { cidr: '10.244.0.0/16' },
  { cidr: '10.244.0.9/29', except: ['10.244.0.10/31'] },
  { cidr: '0.0.0.0/0', except: ['10.244.0.0/24', '192.0.2.0/25'] },
  { cidr: '192.0.2.7/32' },
  { cidr: 'fd00::/126', except: ['fd00::2/128'] },
  { cidr: '::/0' },
)
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({ ipBlock: block }),
)
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP')
const port = fc.oneof(
  fc.record({ protocol: fc.option(protocol, { nil: undefined }) }),
  fc.record({ protocol, port: fc.constantFrom(80, 81, 'web', 'dns') }),
  fc.record({ port: fc.constantFrom(70, 80), endPort: fc.constantFrom(80, 90) }),
)
const peers = fc.array(peer, { maxLength: 3 })
const ports = fc.array(port, { maxLength: 3 })
const policySpec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.constantFrom(undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.array(fc.record({ from: peers, ports }), { maxLength: 2 }),
    egress: fc.array(fc.record({ to: peers, ports }), { maxLength: 2 }),
  },
  { requiredKeys: ['podSelector'] },
)
const podState = fc.record({
  nodeName: fc.constantFrom(NODE, NODE, 'there'),
  labels,
  number: fc.integer({ min: 8, max: 12 }),
  families: fc.constantFrom([4], [4, 6], [6], []),
  phase: fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Succeeded', 'Failed'),
  hostNetwork: fc.constantFrom(false, false, false, true),
  web: fc.constantFrom(80, 81),
  sidecar: fc.constantFrom(undefined, 79, 91),
})
const change = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('pod'), place('p', 4), maybe(podState)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('policy'), place('n', 2), maybe(policySpec)) },
  fc.tuple(fc.constant('namespace'), fc.constantFrom(...SPACES), maybe(labels)),
)

function place(letter: string, count: number) {
  return fc
    .tuple(fc.constantFrom(...SPACES), fc.integer({ min: 1, max: count }))
    .map(([space, number]) => `${space}/${letter}${number}`)
}
function maybe<T>(of: fc.Arbitrary<T>) {
  return fc.option(of, { nil: undefined, freq: 6 })
}

type PodState = typeof podState extends fc.Arbitrary<infer T> ? T : never

let revision = 0

function podOf(key: string, state: PodState): Pod {
  const [namespace, name] = key.split('/')
  const address = { 4: `10.244.${state.nodeName === NODE ? 0 : 1}.${state.number}`, 6: '' }
  address[6] = `fd00:0:0:${state.nodeName === NODE ? 0 : 1}::${state.number - 8}`
  return {
    metadata: {
      ...{ namespace, name, labels: state.labels, uid: `${++revision}`.padStart(9, '0') },
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      nodeName: state.nodeName,
      hostNetwork: state.hostNetwork,
      containers: [
        {
          name: 'c',
          ports: [
            { name: 'web', containerPort: state.web },
            { name: 'dns', containerPort: 80, protocol: 'UDP' },
          ],
        },
      ],
      // One that ends before the pod runs serves nobody.
      initContainers: [
        {
          ...{ name: 'i', restartPolicy: state.sidecar === 79 ? 'Always' : undefined },
          ports: state.sidecar ? [{ name: 'web', containerPort: state.sidecar }] : [],
        },
      ],
    },
    status: {
      phase: state.phase,
      podIPs: state.families.map(family => ({ ip: address[family as 4 | 6] })),
    },
  } as unknown as Pod
}

function policyOf(key: string, spec: object): NetworkPolicy {
  const [namespace, name] = key.split('/')
  const metadata = { namespace, name, uid: 'u', resourceVersion: `${++revision}` }
  return { metadata, spec } as unknown as NetworkPolicy
}

class Stage {
  readonly book = new PolicyBook()
  readonly pods = new Map<string, Pod>()
  readonly policies = new Map<string, NetworkPolicy>()
  readonly namespaces = new Map<string, Record<string, string>>()

  constructor() {
    this.book.setNodeRanges(RANGES)
  }

  apply([what, key, state]: readonly [string, string, unknown]): void {
    if (what === 'pod') {
      const pod = state ? podOf(key, state as PodState) : undefined
      put(this.pods, key, pod)
      this.book.setPod(key, pod && policedPodOf(pod, NODE))
    } else if (what === 'policy') {
      const policy = state ? policyOf(key, state) : undefined
      put(this.policies, key, policy)
      this.book.setPolicy(key, policy && compilePolicy(policy))
    } else {
      put(this.namespaces, key, state as Record<string, string> | undefined)
      this.book.setNamespace(key, state as Record<string, string> | undefined)
    }
  }

  get world(): World {
    return {
      ...{ nodeName: NODE, nodeRanges: RANGES, namespaces: this.namespaces },
      ...{ pods: [...this.pods.values()], policies: [...this.policies.values()] },
    }
  }

  /** What the same state gives without the way there. */
  fresh(): Ruleset {
    const other = new PolicyBook()
    other.setNodeRanges(RANGES)
    for (const [key, policy] of this.policies) other.setPolicy(key, compilePolicy(policy))
    for (const [key, pod] of this.pods) other.setPod(key, policedPodOf(pod, NODE))
    for (const [name, labels] of this.namespaces) other.setNamespace(name, labels)
    return other.ruleset()
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

/** Between all addresses that there are; `inFull` with all protocols and ports. */
function* packets({ pods }: World, inFull: boolean): Iterable<Packet> {
  const addresses = new Set([
    ...pods.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip)),
    ...OUTSIDE,
  ])
  for (const source of addresses)
    for (const destination of addresses) {
      if (source.includes(':') !== destination.includes(':')) continue
      yield { source, destination, protocol: 'tcp', port: 80 }
      if (!inFull) continue
      for (const protocol of ['tcp', 'udp', 'sctp'] as const)
        for (const port of [79, 80, 81, 91]) yield { source, destination, protocol, port }
      yield { source, destination, protocol: 'tcp', port: 80, isReply: true }
      yield { source, destination, protocol: 'tcp', port: 80, isForged: true }
    }
}

/** The first packet about which rules and model are not of one mind. */
function difference(stage: Stage, ruleset: Ruleset, inFull = true): string | undefined {
  const { world } = stage
  for (const packet of packets(world, inFull))
    for (const hook of ['forward', 'input'] as const) {
      // What is said of replies and forged packets does not depend on the hook.
      if (hook === 'input' && packet.port !== 80) continue
      const [does, may] = [passes(ruleset, hook, packet), isAllowed(world, hook, packet)]
      if (does !== may)
        return `${hook} ${JSON.stringify(packet)}: the rules say ${does}, the model ${may}`
    }
  return undefined
}

const start: (readonly [string, string, unknown])[] = SPACES.map(name => [
  'namespace',
  name,
  { app: name === 'one' ? 'a' : 'b' },
])
const story = fc.array(change, { minLength: 4, maxLength: 16 })

test('rules and model agree after every change', () => {
  fc.assert(
    fc.property(story, changes => {
      const stage = new Stage()
      for (const each of [...start, ...changes]) {
        stage.apply(each as readonly [string, string, unknown])
        assert.equal(difference(stage, stage.book.ruleset(), false), undefined)
      }
      assert.equal(difference(stage, stage.book.ruleset()), undefined)
      assert.deepEqual(sorted(stage.book.ruleset()), sorted(stage.fresh()))
    }),
    { numRuns: Number(process.env.POLICY_RUNS ?? 60) },
  )
})

test('the check notices a rule, an element or a verdict that is lost', () => {
  const noticed = { rule: 0, element: 0, verdict: 0 }
  const stories = fc.sample(story, { numRuns: 300, seed: 7 })
  for (const changes of stories) {
    const stage = new Stage()
    for (const each of [...start, ...changes])
      stage.apply(each as readonly [string, string, unknown])
    const ruleset = stage.book.ruleset()
    const chain = [...ruleset.chains].find(([name, rules]) => /\//.test(name) && rules.length > 1)
    if (chain) {
      const chains = new Map(ruleset.chains).set(chain[0], chain[1].slice(1))
      if (difference(stage, { ...ruleset, chains })) noticed.rule++
    }
    const set = [...(ruleset.filled ?? [])].find(
      ([name, { elements }]) => name.startsWith('peers') && elements.size > 0,
    )
    if (set) {
      const elements = new Set([...set[1].elements].slice(1))
      const filled = new Map(ruleset.filled).set(set[0], { ...set[1], elements })
      if (difference(stage, { ...ruleset, filled })) noticed.element++
    }
    const map = [...ruleset.maps].find(([, { elements }]) => elements.size > 0)
    if (map) {
      const elements = new Map([...map[1].elements].slice(1))
      const maps = new Map(ruleset.maps).set(map[0], { ...map[1], elements })
      if (difference(stage, { ...ruleset, maps })) noticed.verdict++
    }
  }
  for (const [what, count] of Object.entries(noticed)) assert.ok(count > 3, `${what}: ${count}`)
})

/** Names come from contents, so only the order is the way's. */
function sorted({ maps, chains, filled }: Ruleset) {
  const order = <T>(entries: Iterable<readonly [string, T]>) =>
    [...entries].sort(([one], [other]) => (one < other ? -1 : 1))
  return {
    maps: order(maps).map(([name, { elements }]) => [name, order(elements)]),
    chains: order(chains),
    filled: order(filled ?? []).map(([name, { elements }]) => [name, [...elements].sort()]),
  }
}
