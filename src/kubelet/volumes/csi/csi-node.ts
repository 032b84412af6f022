/**
 * What the control plane knows of a node's drivers: the CSINode object of the node's name, and on the Node itself labels of the
 * place and the annotation with the names that drivers have for it. One write at a time; each reads what is there first.
 */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type CSINode, csiNode } from '#api/storage/v1/csi-node.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import type { DriverOnNode } from './drivers.ts'

export const NODE_IDS = 'csi.volume.kubernetes.io/nodeid'
const MIGRATED = 'storage.alpha.kubernetes.io/migrated-plugins'
/** In-tree plugins whose volumes go to drivers: on every node, since there is no other code for them. */
const MIGRATED_PLUGINS = [
  ...['aws-ebs', 'azure-disk', 'azure-file', 'cinder', 'gce-pd', 'portworx-volume'],
  'vsphere-volume',
]
  .map(name => `kubernetes.io/${name}`)
  .join(',')
const CONFLICTS_LIMIT = 5
/** The API counts in 32 bits, drivers in 64. */
const COUNT_LIMIT = 2 ** 31 - 1
const RETRY_MS = 1_000
const RETRY_LIMIT_MS = 60_000

export interface CsiNodeParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  /** Undefined until it is registered. */
  readonly node: () => Node | undefined
}

export class CsiNodeObject {
  readonly #parts: CsiNodeParts
  readonly #announced = new Map<string, DriverOnNode>()
  /** Drivers that are gone, which was not told yet. */
  readonly #gone = new Set<string>()
  /** The node of which all this was told: one that was registered anew knows nothing of it. */
  #uid: string | undefined
  #last: Promise<unknown> = Promise.resolve()
  #cancelRetry = () => {}
  #retryMs = RETRY_MS
  #stopped = false

  constructor(parts: CsiNodeParts) {
    this.#parts = parts
  }

  /** Makes the object where it is missing, so that everybody sees that the node has no drivers yet. */
  start(): void {
    this.#settleSoon()
  }

  /** Rejects where that can't be told; then it is as before. */
  async announce(driver: DriverOnNode): Promise<void> {
    const { name } = driver
    const before = this.#announced.get(name)
    this.#announced.set(name, driver)
    try {
      await this.#inTurn(() => this.#write(name))
    } catch (error) {
      if (this.#announced.get(name) === driver) {
        if (before) this.#announced.set(name, before)
        else this.#announced.delete(name)
      }
      throw error
    }
  }

  renounce(name: string): void {
    this.#announced.delete(name)
    this.#gone.add(name)
    this.#settleSoon()
  }

  /** The node may be another one of the same name. */
  seen({ metadata }: Node): void {
    if (this.#uid !== undefined && metadata.uid !== this.#uid) this.#settleSoon()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelRetry()
    await this.#last.catch(() => {})
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.catch(() => {}).then(work)
    this.#last = next
    return next
  }

  /** Tells all that is known, and again until it was told. */
  #settleSoon(): void {
    if (this.#stopped) return
    this.#cancelRetry()
    this.#inTurn(() => this.#settle()).catch(error => {
      const { clock, log } = this.#parts
      log.debug('the CSINode object was not written', { error: messageOf(error) })
      if (this.#stopped) return
      this.#cancelRetry()
      this.#cancelRetry = clock.after(this.#retryMs, () => this.#settleSoon())
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LIMIT_MS)
    })
  }

  /** One that can't be told holds up no other; rejects then. */
  async #settle(): Promise<void> {
    const names = [...this.#announced.keys(), ...this.#gone]
    const failures: unknown[] = []
    for (const name of names.length > 0 ? names : [undefined]) {
      const wasGone = name !== undefined && this.#gone.delete(name)
      try {
        await this.#write(name)
      } catch (error) {
        if (wasGone) this.#gone.add(name)
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    this.#retryMs = RETRY_MS
  }

  /** Says how it stands with one driver, or only that the node is there. */
  async #write(name: string | undefined): Promise<void> {
    const node = this.#parts.node()
    if (!node) throw new Error('the node is not registered yet')
    const driver = name === undefined ? undefined : this.#announced.get(name)
    if (name !== undefined) await this.#writeNode(name, driver)
    await retryConflicts(() => this.#writeObject(node, name, driver))
    this.#uid = node.metadata.uid
  }

  async #writeNode(name: string, driver: DriverOnNode | undefined): Promise<void> {
    const { client, nodeName } = this.#parts
    await retryConflicts(async () => {
      const node = await client.get(nodeKind, nodeName)
      const { labels = {}, annotations = {} } = node.metadata
      const next = {
        labels: driver ? withTopology(labels, driver) : labels,
        annotations: withNodeId(annotations, name, driver?.nodeId),
      }
      if (sameText(next, { labels, annotations })) return
      await client.update(nodeKind, { ...node, metadata: { ...node.metadata, ...next } })
    })
  }

  async #writeObject(
    node: Node,
    name: string | undefined,
    driver: DriverOnNode | undefined,
  ): Promise<void> {
    const { client, nodeName } = this.#parts
    const known = await client.get(csiNode, nodeName).catch(error => {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    })
    const isOfThisNode = known?.metadata.ownerReferences?.some(
      ({ uid }) => uid === node.metadata.uid,
    )
    const drivers = (known && isOfThisNode ? known.spec.drivers : []).filter(
      each => each.name !== name,
    )
    const next = driver ? [...drivers, entryOf(driver)] : drivers
    if (!known) {
      await client.create(csiNode, newObject(node, next))
      return
    }
    const annotations = { ...known.metadata.annotations, [MIGRATED]: MIGRATED_PLUGINS }
    const ownerReferences = ownersOf(node)
    const metadata = { ...known.metadata, annotations, ownerReferences }
    const object: CSINode = { ...known, metadata, spec: { ...known.spec, drivers: next } }
    if (sameText(object, known)) return
    await client.update(csiNode, object)
  }
}

async function retryConflicts(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      const isRace = isStatus(error, 'Conflict', 'AlreadyExists')
      if (!isRace || attempt >= CONFLICTS_LIMIT) throw error
    }
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** A label that says otherwise was set by somebody else, or the machine moved: volumes would be looked for in the wrong place. */
function withTopology(
  labels: Readonly<Record<string, string>>,
  { topology }: DriverOnNode,
): Record<string, string> {
  for (const [key, value] of Object.entries(topology)) {
    const there = labels[key]
    if (there !== undefined && there !== value)
      throw new Error(
        `detected topology value collision: driver reported ${JSON.stringify(key)}:${JSON.stringify(value)} but existing label is ${JSON.stringify(key)}:${JSON.stringify(there)}`,
      )
  }
  return { ...labels, ...topology }
}

function withNodeId(
  annotations: Readonly<Record<string, string>>,
  name: string,
  nodeId: string | undefined,
): Record<string, string> {
  const { [NODE_IDS]: text, ...others } = annotations
  const { [name]: known, ...ids } = parseIds(text)
  const next = nodeId === undefined ? ids : { ...ids, [name]: nodeId }
  if (known === nodeId) return { ...annotations }
  if (Object.keys(next).length === 0) return others
  return { ...annotations, [NODE_IDS]: JSON.stringify(next) }
}

function parseIds(text: string | undefined): Record<string, string> {
  try {
    const ids: unknown = JSON.parse(text ?? '{}')
    return typeof ids === 'object' && ids !== null ? (ids as Record<string, string>) : {}
  } catch {
    return {}
  }
}

const entryOf = ({ name, nodeId, maxVolumes, topology }: DriverOnNode) => ({
  ...{ name, nodeID: nodeId },
  topologyKeys: Object.keys(topology).sort(),
  ...(maxVolumes > 0 ? { allocatable: { count: Math.min(maxVolumes, COUNT_LIMIT) } } : {}),
})

const ownersOf = ({ metadata }: Node) => [
  { apiVersion: 'v1', kind: 'Node', name: metadata.name ?? '', uid: metadata.uid ?? '' },
]

const newObject = (node: Node, drivers: CSINode['spec']['drivers']): Partial<CSINode> => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: {
    name: node.metadata.name ?? '',
    annotations: { [MIGRATED]: MIGRATED_PLUGINS },
    ownerReferences: ownersOf(node),
  },
  spec: { drivers },
})
