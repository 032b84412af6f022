/** Writes which volumes a pod gets, and waits until whoever binds and makes volumes has done it. */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { annotated, pointedAt, SELECTED_NODE } from '#api/core/v1/volume-binding.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Handle } from '../framework/handle.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { isFullyBound, isReachable, type NodeVolumes } from './volume-binding.find.ts'

/** How often is looked, as upstream does. */
const LOOK_EVERY_MS = 1_000
/** The first looks come sooner: in one process, binding takes milliseconds. */
const FIRST_LOOK_MS = 10

export interface VolumeWork {
  readonly pod: Pod
  readonly node: NodeInfo
  readonly volumes: NodeVolumes
  readonly timeoutMs: number
}

interface Written {
  readonly bindings: readonly {
    readonly volume: PersistentVolume
    readonly claim: PersistentVolumeClaim
  }[]
  readonly provisions: readonly PersistentVolumeClaim[]
}

/** Rejects where a write fails, a volume turns out to be none of this node's, or it takes too long. */
export async function bindVolumes(handle: Handle, work: VolumeWork): Promise<void> {
  const written = await write(handle, work)
  const { clock, stopping } = handle
  const endMs = clock.monotonicMs() + work.timeoutMs
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LOOK_EVERY_MS)) {
    try {
      if (areBound(handle, work, written)) return
    } catch (error) {
      throw new Error(`binding volumes: ${messageOf(error)}`, { cause: error })
    }
    if (clock.monotonicMs() >= endMs) throw new Error('binding volumes: context deadline exceeded')
    await sleep(clock, Math.min(waitMs, endMs - clock.monotonicMs()), stopping)
  }
}

/** Of two that decided from the same revision, one gets a conflict. */
async function write({ client }: Handle, { node, volumes }: VolumeWork): Promise<Written> {
  const bindings: Written['bindings'][number][] = []
  for (const { volume, claim } of volumes.bindings) {
    const pointing = pointedAt(volume, claim)
    const now = pointing === volume ? volume : await client.update(persistentVolume, pointing)
    bindings.push({ volume: now, claim })
  }
  const provisions: PersistentVolumeClaim[] = []
  for (const claim of volumes.provisions) {
    const marked = annotated(claim, { [SELECTED_NODE]: node.name })
    provisions.push(await client.update(persistentVolumeClaim, marked))
  }
  return { bindings, provisions }
}

/** Throws where waiting longer is of no use. */
function areBound({ informers }: Handle, { pod, node }: VolumeWork, written: Written): boolean {
  const { name = '' } = pod.metadata
  if (!informers.for(podKind).get(keyOf(pod)))
    throw new Error(`pod does not exist any more: pod "${name}" not found`)
  if (!node.node)
    throw new Error(`failed to get node "${node.name}": node "${node.name}" not found`)
  const claims = informers.for(persistentVolumeClaim)
  const volumes = informers.for(persistentVolume)
  for (const { volume: mine, claim } of written.bindings) {
    const volume = found(mine, volumes.get(keyOf(mine)), 'failed to check binding')
    const current = found(claim, claims.get(keyOf(claim)), 'failed to check binding')
    if (isOlder(volume, mine)) return false
    checkReach(volume, node)
    if (!volume.spec.claimRef?.uid)
      throw new Error(`ClaimRef got reset for pv "${volume.metadata.name}"`)
    if (!isFullyBound(current)) return false
  }
  for (const mine of written.provisions) {
    const claim = found(mine, claims.get(keyOf(mine)), 'failed to check provisioning pvc')
    if (isOlder(claim, mine)) return false
    if (!claim.metadata.annotations)
      throw new Error(`selectedNode annotation reset for PVC "${claim.metadata.name}"`)
    // Whoever cannot make the volume takes the mark off, so that another node is looked for.
    if (claim.metadata.annotations?.[SELECTED_NODE] !== node.name)
      throw new Error(`provisioning failed for PVC "${claim.metadata.name}"`)
    const volume = volumes.get(claim.spec.volumeName ?? '')
    if (claim.spec.volumeName && !volume) return false
    if (volume) checkReach(volume, node)
    if (!isFullyBound(claim)) return false
  }
  return true
}

/** Throws in upstream's words where there is none by now. */
function found<T extends PersistentVolume | PersistentVolumeClaim>(
  wanted: T,
  seen: T | undefined,
  what: string,
): T {
  if (seen) return seen
  const kind = wanted.metadata.namespace ? 'PersistentVolumeClaim' : 'PersistentVolume'
  throw new Error(`${what}: could not find v1.${kind} "${keyOf(wanted)}"`)
}

function checkReach(volume: PersistentVolume, node: NodeInfo): void {
  if (node.node && !isReachable(volume, node.node))
    throw new Error(
      `pv "${volume.metadata.name}" node affinity doesn't match node "${node.name}": no matching NodeSelectorTerms`,
    )
}

/** The view may be behind what was written here. */
function isOlder(seen: KubernetesObject, written: KubernetesObject): boolean {
  return Number(seen.metadata.resourceVersion) < Number(written.metadata.resourceVersion)
}
