/**
 * Initialises nodes that came with the taint `uninitialized`: what they are and where they are is the cloud's to say. After that it looks now and
 * then whether their addresses are still what the cloud says.
 */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { exponentialBounds } from '#base/figures.ts'
import {
  type CloudContext,
  eachOf,
  inRounds,
  type RunningCloudController,
  workOnKeys,
} from '../context.ts'
import type { InstanceMetadata, Instances } from '../provider.ts'
import { initialised, isUninitialised, missingLabels } from './initialised.ts'
import { addressesFor, sameAddresses, wishedFirst } from './node-addresses.ts'

/** Upstream's. */
const QUEUE = 'Nodes'
/** From a second to 17 minutes. */
const BOUNDS = exponentialBounds(1, 4, 6)
/** Whoever else writes the node all the time must pause some day. */
const CONFLICTS = 20

export interface CloudNodeOptions {
  readonly instances: Instances
  /** How often addresses are looked at. */
  readonly nodeStatusUpdateFrequencyMs: number
  readonly concurrentNodeSyncs: number
  readonly concurrentNodeStatusUpdates: number
}

export function startCloudNode(
  context: CloudContext,
  options: CloudNodeOptions,
): RunningCloudController {
  const { informers, client, clock, figures, log } = context
  const { instances } = options
  const nodes = informers.for(nodeKind)
  const recorder = context.recorder('cloud-node-controller')
  const untainted = figures.histogram(
    'node_controller_cloud_provider_taint_removal_delay_seconds',
    'How long after its creation a node lost the taint of cloud providers.',
    BOUNDS,
  )
  const synced = figures.histogram(
    'node_controller_initial_node_sync_delay_seconds',
    'How long after its creation a node was initialised.',
    BOUNDS,
  )
  const ageOf = ({ metadata }: Node) =>
    Math.max(0, clock.now() - Date.parse(metadata.creationTimestamp ?? '')) / 1000

  /** The cloud's addresses, where they differ from the node's. */
  const writeAddresses = async (node: Node, told: InstanceMetadata): Promise<void> => {
    const nodeAddresses = told.nodeAddresses ?? []
    if (nodeAddresses.length === 0) return
    const addresses = addressesFor(node, nodeAddresses)
    if (sameAddresses(node.status?.addresses ?? [], addresses)) return
    const { name = '', uid } = node.metadata
    // One of the same name that registered meanwhile is another machine.
    const patch = { metadata: { uid }, status: { addresses } }
    await client.patch(nodeKind, { name }, 'merge', patch, STATUS)
  }

  /** Writes what the cloud says, on top of whatever others wrote meanwhile. Gives the node before it, or undefined where it was done. */
  const initialise = async (node: Node, told: InstanceMetadata): Promise<Node | undefined> => {
    let present = node
    for (let attempt = 1; ; attempt++)
      try {
        // What was told is about the machine of then.
        if (present.metadata.uid !== node.metadata.uid) return undefined
        if (!isUninitialised(present)) return undefined
        await client.update(nodeKind, initialised(present, told))
        return present
      } catch (error) {
        if (!isStatus(error, 'Conflict') || attempt >= CONFLICTS) throw error
        present = await client.get(nodeKind, node.metadata.name ?? '')
      }
  }

  const writeLabels = async (node: Node): Promise<void> => {
    const labels = missingLabels(node)
    const { name = '' } = node.metadata
    if (Object.keys(labels).length > 0)
      await client.patch(nodeKind, { name }, 'strategic', { metadata: { labels } })
  }

  const work = async (name: string, signal: AbortSignal): Promise<void> => {
    const node = nodes.get(name)
    if (!node) return
    if (!isUninitialised(node)) return writeLabels(node)
    const told = await metadataOf(instances, node, signal)
    if (!told) return
    try {
      // A wish that cannot be met is told before anything is written.
      wishedFirst(node, told.nodeAddresses ?? [])
    } catch (error) {
      throw new Error(`provided node ip for node "${name}" is not valid: ${messageOf(error)}`)
    }
    const before = await initialise(node, told)
    if (!before) return
    untainted.observe([], ageOf(before))
    // A node is reached at its addresses as soon as it is said to be ready for pods, not with the next round.
    await writeAddresses(before, told).catch(error => cannotWriteAddresses(name, error))
    recorder.record(node, 'Normal', 'Synced', { message: 'Node synced successfully' })
    synced.observe([], ageOf(before))
  }

  const cannotWriteAddresses = (name: string, error: unknown) =>
    log.warn('the addresses of a node cannot be brought up to date', {
      node: name,
      why: messageOf(error),
    })

  const keys = workOnKeys(context, { name: QUEUE, workers: options.concurrentNodeSyncs, work })
  const round = async (signal: AbortSignal) => {
    await eachOf(nodes.list(), options.concurrentNodeStatusUpdates, async node => {
      if (signal.aborted || isUninitialised(node)) return
      try {
        const told = await instances.instanceMetadata(node, signal)
        if (told) await writeAddresses(node, told)
      } catch (error) {
        if (!signal.aborted) cannotWriteAddresses(node.metadata.name ?? '', error)
      }
    })
  }
  const rounds = inRounds(context, {
    ready: nodes.synced,
    periodMs: options.nodeStatusUpdateFrequencyMs,
    round,
  })
  const unsubscribe = nodes.subscribe({
    changed: ({ metadata }) => keys.queue.add(metadata.name ?? ''),
  })
  keys.start()
  return {
    queues: new Map([[QUEUE, keys.queue]]),
    async stop() {
      unsubscribe()
      await Promise.all([keys.stop(), rounds.stop()])
      recorder.stop()
    },
  }
}

const STATUS = { subresource: 'status' }

/** With the provider ID that other controllers need: an instance without one could never get it later. */
async function metadataOf(
  instances: Instances,
  node: Node,
  signal: AbortSignal,
): Promise<InstanceMetadata | undefined> {
  const { name } = node.metadata
  let told: InstanceMetadata | undefined
  try {
    told = await instances.instanceMetadata(node, signal)
    if (told && !told.providerID && !node.spec?.providerID)
      throw new Error(`cloud provider does not set node provider ID for node ${name}`)
  } catch (error) {
    throw new Error(`failed to get instance metadata for node ${name}: ${messageOf(error)}`)
  }
  return told
}
