/** What controllers and a scheduler do in a namespace, chapter by chapter: told in the same words whoever they are. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { steady } from './differences.ts'

const PATIENCE_MS = 120_000
const LOOK_MS = 250
/** Longer than any of them rests before it is done, but for those that look again every quarter of a minute and find the same. */
const CALM_MS = 6000

export interface Story {
  /** Its namespace, which is there when it begins and gone when it ends. */
  readonly place: string
  /** Whose objects are told at the end of each chapter. */
  readonly collections: readonly string[]
  /** Where Events are, if they are not only those of its namespace. */
  readonly events?: readonly string[]
  /** Of what controllers make for these, names end in a hash and five letters, or in a hash. */
  readonly hashed: readonly string[]
  /** How many nodes it takes; one where nothing is said. With more it is no matter which of them a pod is on. */
  readonly nodes?: number
  /** Of several nodes: its pods say where they run, so that it does matter. */
  readonly isPinned?: true
  /** Of several nodes: what numbers its pods. */
  readonly numbered?: readonly string[]
  /** The same with five letters. */
  readonly suffixed: readonly string[]
  /** What else is another each time, and what stands for it. */
  readonly alike?: readonly (readonly [RegExp, string])[]
  /** What is beside it from its beginning to its end. */
  readonly beside?: (api: ApiEnd) => Promise<{ stop(): Promise<void> }>
  readonly chapters: readonly Chapter[]
}

/** The kubelets of nodes, by their names. */
export type Nodes = ReadonlyMap<string, { stop(): Promise<void> }>

export interface Chapter {
  readonly name: string
  readonly happens: (api: ApiEnd, nodes: Nodes) => Promise<void>
}

/** What was seen at the end of each chapter, by its name and the path; and who told Events of what. */
export type Told = ReadonlyMap<string, readonly Shown[]>

export async function tell(cluster: { api: ApiEnd; nodes: Nodes }, story: Story): Promise<Told> {
  const { api, nodes } = cluster
  const told = new Map<string, readonly Shown[]>()
  const { place, collections, chapters } = story
  const home = `/api/v1/namespaces/${place}`
  const named = namer(story)
  const note = async (chapter: string) => {
    const shown = await untilCalm(api, collections)
    for (const [path, items] of shown)
      told.set(`${chapter}: ${path}`, items.map(item => plain(item, named)).sort(byName))
  }
  await until('the nodes are ready', async () => {
    const { items } = await api.want('GET', '/api/v1/nodes')
    return items.filter((node: Shown) => isReady(node) && !node.spec.taints).length >= nodes.size
  })
  await api.want('POST', '/api/v1/namespaces', { metadata: { name: place } })
  await until('pods can be made', async () => {
    const names = ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']
    const found = await Promise.all(names.map(name => isThere(api, `${home}/${name}`)))
    return found.every(Boolean)
  })
  const said = new Set<string>()
  const beside = await story.beside?.(api)
  try {
    for (const { name, happens } of chapters) {
      await happens(api, nodes)
      await note(name)
      // Those of a namespace that goes go with it.
      for (const path of story.events ?? [`${home}/events`])
        for (const line of eventsOf((await api.want('GET', path)).items, named)) said.add(line)
    }
  } finally {
    await beside?.stop()
  }
  told.set('events', [...said].sort())
  await api.want('DELETE', home)
  await until('the namespace is gone', async () => !(await isThere(api, home)))
  await note('gone')
  return told
}

/** What is in all collections, once nothing changed for a while. */
async function untilCalm(
  api: ApiEnd,
  collections: readonly string[],
): Promise<ReadonlyMap<string, readonly Shown[]>> {
  let before = ''
  let sinceMs = performance.now()
  const shown = new Map<string, readonly Shown[]>()
  await until('nothing changes any more', async () => {
    for (const path of collections) shown.set(path, (await api.want('GET', path)).items)
    const now = JSON.stringify([...shown.values()])
    if (now !== before) sinceMs = performance.now()
    before = now
    return performance.now() - sinceMs > CALM_MS
  })
  return shown
}

export async function isThere(api: ApiEnd, path: string): Promise<boolean> {
  const { status, body } = await api.ask('GET', path)
  assert.ok(status === 200 || status === 404, JSON.stringify(body))
  return status === 200
}

export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`)
    await sleep(LOOK_MS)
  }
}

const isReady = (node: Shown): boolean =>
  (node.status.conditions ?? []).some(
    ({ type, status }: Shown) => type === 'Ready' && status === 'True',
  )

/** A pattern that nothing fits. */
const NONE = '(?!)'

/** Makes alike what is another each time: names that controllers make up, addresses, times. */
function namer(story: Story): (text: string) => string {
  const { hashed, suffixed, alike = [], nodes = 1, isPinned, numbered = [] } = story
  const hashes = new RegExp(
    `\\b(${hashed.join('|') || NONE})-[a-z0-9]{6,10}(-[a-z0-9]{5})?\\b`,
    'g',
  )
  const suffixes = new RegExp(`\\b(${suffixed.join('|')})(-\\d+)?-[a-z0-9]{5}\\b`, 'g')
  // Which node fares how is no matter then, nor which pod of a set is on it.
  const placed =
    nodes === 1 || isPinned
      ? []
      : [
          /\b(?:node-|198\.18\.0\.)\d\b/g,
          new RegExp(`(?<=\\b(?:${numbered.join('|')})-)\\d\\b`, 'g'),
          /(?<="apps.kubernetes.io\/pod-index":")\d/g,
        ]
  const given = (text: string) =>
    alike.reduce((so, [pattern, mark]) => so.replaceAll(pattern, mark), text)
  return text =>
    placed
      .reduce((so, pattern) => so.replaceAll(pattern, 'PLACED'), steady(given(text)))
      .replaceAll(hashes, '$1-HASH')
      .replaceAll(suffixes, '$1$2-XXXXX')
      .replaceAll(/"((?:pod-template|controller-revision)-hash)":"[a-z0-9-]+"/g, '"$1":"HASH"')
      .replaceAll(/\b10\.244\.\d+\.\d+\b/g, 'POD-ADDRESS')
      .replaceAll(/containerd:\/\/[0-9a-f]{64}/g, 'CONTAINER')
      .replaceAll(/"token":"[^"]+"/g, '"token":"TOKEN"')
      // Who is asked again meets what others use by then.
      .replaceAll(/used: requests\.cpu=\d+m/g, 'used: requests.cpu=…')
      .replaceAll(/-----BEGIN CERTIFICATE[^"]*/g, 'CERTIFICATE')
      .replaceAll(/"ca.crt":"[^"]+"/g, '"ca.crt":"CERTIFICATE"')
}

/** When a change came that a slice shows, and how often it was written, depends on how many pods were ready by then. */
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'

function plain(object: Shown, named: (text: string) => string): Shown {
  const { managedFields: _, generation, annotations, ...metadata } = object.metadata
  const { [TRIGGER]: __, ...others } = annotations ?? {}
  if (Object.keys(others).length > 0) metadata.annotations = others
  if (object.endpoints === undefined) metadata.generation = generation
  const shown = inOrder(JSON.parse(named(JSON.stringify({ ...object, metadata }))))
  // By their addresses, which are given in the order in which pods come to the node.
  shown.endpoints?.sort(byTarget)
  for (const subset of shown.subsets ?? []) {
    subset.addresses?.sort(byTarget)
    subset.notReadyAddresses?.sort(byTarget)
    subset.ports?.sort(byText)
  }
  if (object.status?.nodeInfo) plainNode(shown)
  // Upstream has them in the order of their hashes.
  shown.subsets?.sort(byText)
  return shown
}

/** Upstream gives no ranges to nodes unless asked to, and says what is attached in no order; which images are there depends on where pods were. */
function plainNode({ spec, status }: Shown): void {
  delete spec.podCIDR
  delete spec.podCIDRs
  delete status.nodeInfo.machineID
  delete status.images
  status.volumesAttached?.sort(byText)
}

/** Which fields come first is no matter here: who wrote an object says nothing of it. */
function inOrder(value: Shown): Shown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(name => [name, inOrder(value[name])]),
  )
}

const byText = (one: Shown, other: Shown) =>
  JSON.stringify(one.ports ?? one) < JSON.stringify(other.ports ?? other) ? -1 : 1

const byTarget = (one: Shown, other: Shown) => (targetOf(one) < targetOf(other) ? -1 : 1)
const targetOf = (endpoint: Shown) =>
  `${endpoint.targetRef?.name ?? ''} ${JSON.stringify(endpoint)}`

const byName = (one: Shown, other: Shown) => {
  const [first = '', second = ''] = [one, other].map(
    each => `${each.metadata.name} ${JSON.stringify(each)}`,
  )
  return first < second ? -1 : 1
}

/** Told, or not, as one of them happens to be quicker than another. */
const OF_ITS_OWN_TIME: readonly RegExp[] = [
  /the object has been modified/,
  /is being deleted|skip schedule deleting pod/,
  /waiting for ephemeral volume controller|Pod brief: |PersistentVolumeClaim bound/,
  /"by-hand" not found/,
  /HorizontalPodAutoscaler nothing/,
  // Upstream's looks up what is new once every half minute.
  /no matches for kind "(Barge|Fleet)"/,
  // It may be gone itself before it is looked at; and upstream's may look at what it has deleted with a status from before.
  /MissingJob of CronJob (forbid: .*forbid-3|failing|forgotten)/,
  // Their own controller may take them away first.
  /TaintManagerEviction of Pod (guard|surging)/,
  // Between the end of being cordoned and the end of its taint.
  /0\/2 nodes are available: 1 node\(s\) didn't match pod anti-affinity rules, 1 node\(s\) had untolerated/,
  // Upstream looks at claims each quarter of a minute; those that wait for ever were waited for.
  /WaitForPodScheduled of PersistentVolumeClaim (?!lonely|nowhere|no-local)/,
  // Upstream's looks for addresses that its other half is only about to note.
  /ClusterIPNotAllocated/,
  // It is to go already.
  /TaintManagerEviction of Pod heir-0: Marking/,
  // Its claim may be there, or have a volume, by then.
  /Pod quick: 0\/3/,
]

const isOfItsOwnTime = (said: string) => OF_ITS_OWN_TIME.some(pattern => pattern.test(said))

/** How often and when is another each time. Those of the kubelet are Proa's everywhere. */
function eventsOf(events: readonly Shown[], named: (text: string) => string): string[] {
  const lines = events.flatMap(event => {
    const { involvedObject, type, reason, message, source, reportingComponent } = event
    const from = source?.component || reportingComponent
    const said = `${involvedObject.namespace ?? ''} ${from}: ${type} ${reason} of ${involvedObject.kind} ${involvedObject.name}: ${message}`
    const told = named(said)
    return from === 'kubelet' || isOfItsOwnTime(told) ? [] : [told]
  })
  return lines
}
