/** Services and changes of them, put together by chance. What is not chosen here a server gives itself: that is shown as such. */
import type { Dice } from '../../../fuzz/random.ts'
import { inGeneral } from '../in-general.ts'
import type { Asked } from '../pair.ts'

type Spec = Record<string, unknown> & { ports?: Record<string, unknown>[]; clusterIPs?: string[] }
export interface ServiceObject {
  readonly metadata: Record<string, unknown>
  readonly spec: Spec
}

/** Addresses and ports that were asked for. Each is asked for once: where one of two can't be had, upstream keeps the other. */
export interface Chosen {
  readonly seed: number
  count: number
  readonly values: Set<string>
}

function address(isSix: boolean, chosen: Chosen, dice: Dice): string {
  const number = chosen.count++
  const [high, low] = [1 + (chosen.seed % 200), number]
  const made = isSix
    ? dice.pick([
        `fd00:10:96::${high.toString(16)}:${low.toString(16)}`,
        `fd00:10:96::${high.toString(16)}:${low.toString(16)}`,
        `FD00:10:96:0::${high.toString(16)}:${low.toString(16)}`,
        `fd00:99::${low.toString(16)}`,
      ])
    : dice.pick([`10.96.${high}.${low}`, `10.96.${high}.${low}`, `10.200.${high}.${low}`])
  chosen.values.add(made)
  return made
}

function nodePort(chosen: Chosen, dice: Dice): number {
  const made =
    dice.pick([31_000, 31_000, 31_000, 20_000]) + (chosen.seed % 80) * 20 + (chosen.count++ % 20)
  chosen.values.add(String(made))
  return made
}

type Change = (spec: Spec, dice: Dice, chosen: Chosen) => void

const set =
  (field: string, ...values: unknown[]): Change =>
  (spec, dice) => {
    const value = dice.pick(values)
    if (value === undefined) delete spec[field]
    else spec[field] = value
  }
const first = (spec: Spec) => (spec.ports ??= [{ port: 80 }])

const CHANGES: readonly Change[] = [
  set('type', 'ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
  set('type', 'ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
  (spec, dice) => {
    spec.type = 'ExternalName'
    spec.externalName = 'a.example.com'
    for (const field of dice.pick([
      ['clusterIP', 'clusterIPs'],
      ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'ports'],
      ['ports'],
      [],
    ]))
      delete spec[field]
  },
  (spec, dice) => {
    spec.type = dice.pick(['ClusterIP', 'NodePort', 'LoadBalancer'])
    delete spec.externalName
  },
  set('ipFamilyPolicy', 'SingleStack', 'PreferDualStack', 'RequireDualStack', undefined),
  set('ipFamilyPolicy', 'SingleStack', 'PreferDualStack', 'RequireDualStack', undefined),
  set('ipFamilies', ['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4'], undefined, []),
  (spec, dice) => {
    spec.ipFamilyPolicy = dice.pick(['PreferDualStack', 'RequireDualStack'])
    delete spec.ipFamilies
  },
  (spec, dice) => {
    spec.ipFamilyPolicy = 'SingleStack'
    if (dice.below(2)) spec.ipFamilies = (spec.ipFamilies as string[] | undefined)?.slice(0, 1)
    if (dice.below(2)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1)
  },
  (spec, dice, chosen) => {
    const six = dice.below(2) === 0
    const made = address(six, chosen, dice)
    spec.clusterIP = made
    spec.clusterIPs = dice.pick([[made], [made], [made, address(!six, chosen, dice)]])
  },
  (spec, dice, chosen) => {
    const [kept] = spec.clusterIPs ?? []
    if (kept) spec.clusterIPs = [kept, address(!kept.includes(':'), chosen, dice)]
  },
  (spec, dice, chosen) => {
    spec.clusterIP = address(dice.below(2) === 0, chosen, dice)
  },
  (spec, dice) => {
    spec.clusterIP = 'None'
    if (dice.below(2)) spec.clusterIPs = ['None']
  },
  (spec, dice) => {
    for (const field of dice.pick([['clusterIP'], ['clusterIPs'], ['clusterIP', 'clusterIPs']]))
      delete spec[field]
  },
  (spec, dice) => {
    for (const field of dice.pick([
      ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'],
      ['clusterIPs', 'ipFamilies'],
      ['ipFamilies', 'ipFamilyPolicy'],
    ]))
      delete spec[field]
  },
  spec => void spec.clusterIPs?.reverse(),
  set('selector', { app: 'x' }, {}, undefined, { app: 'y' }),
  set('externalTrafficPolicy', 'Local', 'Cluster', undefined),
  // Of one that has none upstream keeps and hides it.
  (spec, dice) => {
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy = dice.pick(['Local', 'Cluster'])
  },
  set('allocateLoadBalancerNodePorts', false, true, undefined),
  set('sessionAffinity', 'ClientIP', 'None', undefined),
  set('loadBalancerClass', 'a.example/x', undefined),
  set('loadBalancerIP', '1.2.3.4', 'fd00::4', undefined),
  set('loadBalancerSourceRanges', ['10.0.0.0/8'], ['fd00::/8'], ['x'], undefined),
  set('externalIPs', ['1.2.3.4'], ['fd00::4'], undefined),
  set('trafficDistribution', 'PreferClose', 'PreferSameZone', undefined),
  set('healthCheckNodePort', 0, undefined),
  (spec, dice, chosen) => {
    spec.type = 'LoadBalancer'
    spec.externalTrafficPolicy = 'Local'
    if (dice.below(2)) spec.healthCheckNodePort = nodePort(chosen, dice)
  },
  (spec, dice, chosen) => {
    for (const port of first(spec)) if (dice.below(2)) port.nodePort = nodePort(chosen, dice)
  },
  spec => {
    for (const port of first(spec)) delete port.nodePort
  },
  (spec, dice) => {
    const ports = first(spec)
    for (const [at, port] of ports.entries()) port.name ??= `p${at}`
    const number = dice.pick([80, 81, 82])
    ports.push({
      name: `n${number}${ports.length}`,
      port: number,
      protocol: dice.pick(['TCP', 'UDP']),
    })
  },
  spec => void spec.ports?.pop(),
  spec => void spec.ports?.reverse(),
]

export function madeBy(dice: Dice, name: string, chosen: Chosen): object {
  const spec: Spec = { selector: { app: 'x' }, ports: [{ port: 80 }] }
  for (let left = dice.below(4); left > 0; left--) dice.pick(CHANGES)(spec, dice, chosen)
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec }
}

/** What writes the change: the whole, a part, or what somebody keeps in a file. */
export function changed(
  dice: Dice,
  { metadata, spec: before }: ServiceObject,
  chosen: Chosen,
): (collection: string) => Asked {
  const spec = structuredClone(before)
  const name = String(metadata.name)
  const how = dice.below(4)
  if (how === 3) for (const field of ['clusterIP', 'clusterIPs']) delete spec[field]
  for (let left = 1 + dice.below(3); left > 0; left--) dice.pick(CHANGES)(spec, dice, chosen)
  if (how !== 0) {
    const { resourceVersion } = metadata
    const body = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: how === 3 ? { name } : { name, resourceVersion },
      spec,
    }
    return collection => ({ method: 'PUT', path: `${collection}/${name}`, body })
  }
  const fields = new Set([...Object.keys(spec), ...Object.keys(before)])
  const patch: Record<string, unknown> = {}
  for (const field of fields)
    if (JSON.stringify(spec[field]) !== JSON.stringify(before[field]))
      patch[field] = spec[field] ?? null
  return collection => ({
    method: 'PATCH',
    path: `${collection}/${name}`,
    body: { spec: patch },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
}

const ADDRESS = /\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b|\bfd00:10:96:[0-9a-f:]*/g
const PORT = /\b3[0-2]\d{3}\b/g

/** Of an answer what counts: the spec and the status, or why not. */
export function shownOf(text: string, status: number, { values }: Chosen): string {
  const given = (shown: string) =>
    shown
      .replace(ADDRESS, found => (values.has(found) ? found : found.includes(':') ? 'SIX' : 'FOUR'))
      // Upstream shows its internal structure, and room for an address that it has not given yet.
      .replace(/,\\?"\\?"\]/g, ']')
      .replace(/Duplicate value: \{.*?\}(?=[,\]] |\]|"| \[)/g, 'Duplicate value: {…}')
      .replace(PORT, found => (values.has(found) ? found : 'PORT'))
  const told = JSON.parse(inGeneral(text))
  // Upstream answers a mistake of whoever asks with 500.
  const [wrongPort] = / provided port is .*/.exec(status >= 400 ? told.message : '') ?? []
  if (wrongPort) return given(wrongPort)
  if (status >= 300)
    return given(`${status} ${told.message} ${JSON.stringify(told.details?.causes ?? '')}`)
  return given(
    `${status} ${JSON.stringify(sorted(told.spec))} ${JSON.stringify(sorted(told.status))}`,
  )
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([key, each]) => [key, sorted(each)]),
        )
      : value
