/**
 * How full the volumes behind claims are: what their drivers say, and of shares and local volumes what their file systems say. Drivers may take
 * long, so answers are remembered for a minute, and who asks waits a few seconds at most.
 */
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Figure, FigureSource } from '#base/figures.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf, type Volume } from '../pod-types.ts'
import type { CsiStorage } from './csi/csi-storage.ts'
import type { Source } from './sources.ts'

export interface ClaimStats {
  /** The pod's word for it. */
  readonly volume: string
  readonly namespace: string
  readonly claim: string
  readonly capacityBytes?: number
  readonly availableBytes?: number
  readonly usedBytes?: number
  readonly inodes?: number
  readonly inodesFree?: number
  readonly inodesUsed?: number
  /** Only drivers that look at the health of volumes say so. */
  readonly isAbnormal?: boolean
}

/** As old as upstream's are at most. */
const MAXIMUM_AGE_MS = 60_000
const PATIENCE_MS = 5_000

export interface ClaimStatsParts {
  readonly context: KubeletContext
  /** Undefined where no drivers can run. */
  readonly csi: () => Pick<CsiStorage, 'stats'> | undefined
  /** What a volume is, and its claim; undefined for one without. */
  readonly behind: (pod: Pod, volume: Volume) => { source: Source; claim: string } | undefined
  readonly pathOf: (pod: Pod, volume: Volume) => string
}

interface Known {
  readonly stats: readonly ClaimStats[]
  readonly atMs: number
}

export class ClaimStatsBook {
  readonly #parts: ClaimStatsParts
  readonly #known = new Map<string, Known>()
  readonly #asking = new Map<string, Promise<void>>()

  constructor(parts: ClaimStatsParts) {
    this.#parts = parts
  }

  /** Of those volumes of a running pod that have claims and can be measured. */
  async of(pod: Pod): Promise<readonly ClaimStats[]> {
    const uid = uidOf(pod)
    const { clock } = this.#parts.context
    const claimed = (pod.spec?.volumes ?? []).some(volume => this.#parts.behind(pod, volume))
    if (!claimed) return []
    const known = this.#known.get(uid)
    if (known && clock.monotonicMs() - known.atMs < MAXIMUM_AGE_MS) return known.stats
    const asking = this.#asking.get(uid) ?? this.#ask(pod)
    this.#asking.set(uid, asking)
    const waited = new AbortController()
    await Promise.race([asking, sleep(clock, PATIENCE_MS, waited.signal).catch(() => {})])
    waited.abort()
    return this.#known.get(uid)?.stats ?? []
  }

  forget(uid: string): void {
    this.#known.delete(uid)
    this.#asking.delete(uid)
  }

  async #ask(pod: Pod): Promise<void> {
    const { clock, log } = this.#parts.context
    const stats: ClaimStats[] = []
    for (const volume of pod.spec?.volumes ?? [])
      try {
        const measured = await this.#measure(pod, volume)
        if (measured) stats.push(measured)
      } catch (error) {
        log.debug('a volume could not be measured', { error: messageOf(error) })
      }
    // Unless the pod went meanwhile.
    if (this.#asking.delete(uidOf(pod)))
      this.#known.set(uidOf(pod), { stats, atMs: clock.monotonicMs() })
  }

  async #measure(pod: Pod, volume: Volume): Promise<ClaimStats | undefined> {
    const { csi, behind, pathOf, context } = this.#parts
    const found = behind(pod, volume)
    if (!found) return undefined
    const named = {
      volume: volume.name,
      namespace: pod.metadata.namespace ?? '',
      claim: found.claim,
    }
    const { source } = found
    if (source.kind === 'csi') {
      const stats = await csi()?.stats(pod, source)
      return stats && { ...named, ...stats }
    }
    if (source.kind === 'own' || source.kind === 'localDevice') return undefined
    const space = await context.options.hostAccess.files.space(pathOf(pod, volume))
    if (!space) return undefined
    const { capacityBytes, availableBytes, inodes, inodesFree } = space
    const usedBytes = capacityBytes - availableBytes
    return { ...named, ...space, usedBytes, inodesUsed: inodes - inodesFree }
  }
}

/** Under upstream's names; a claim that several pods of the node use counts once. */
export function claimFigures(all: readonly ClaimStats[]): FigureSource {
  const claims = new Map(all.map(stats => [`${stats.namespace}/${stats.claim}`, stats]))
  const figure = (name: string, help: string, of: (stats: ClaimStats) => number | undefined) => {
    const values = [...claims.values()].flatMap(stats => {
      const value = of(stats)
      const { namespace, claim: persistentvolumeclaim } = stats
      return value === undefined ? [] : [{ labels: { namespace, persistentvolumeclaim }, value }]
    })
    return { name: `kubelet_volume_stats_${name}`, help, type: 'gauge', values } satisfies Figure
  }
  return () =>
    [
      figure('available_bytes', 'Number of available bytes in the volume', s => s.availableBytes),
      figure('capacity_bytes', 'Capacity in bytes of the volume', s => s.capacityBytes),
      figure('used_bytes', 'Number of used bytes in the volume', s => s.usedBytes),
      figure('inodes', 'Maximum number of inodes in the volume', s => s.inodes),
      figure('inodes_free', 'Number of free inodes in the volume', s => s.inodesFree),
      figure('inodes_used', 'Number of used inodes in the volume', s => s.inodesUsed),
      figure('health_status_abnormal', 'Abnormal volume health status: 1 if abnormal, else 0', s =>
        s.isAbnormal === undefined ? undefined : Number(s.isAbnormal),
      ),
    ].filter(({ values }) => values.length > 0)
}
