/** How little of the node's memory and disk may be left before pods have to go, by upstream's names. Pure. */
import { formatQuantity, quantityToNumber } from '#api/machinery/quantity.ts'
import { UserError } from '#base/errors.ts'

export const SIGNALS = ['memory.available', 'nodefs.available', 'nodefs.inodesFree'] as const
export type Signal = (typeof SIGNALS)[number]
/** Quantities, or parts of what there is: `100Mi`, `5%`. */
export type Thresholds = Readonly<Partial<Record<Signal, string>>>

/**
 * Upstream's, but for the disk, of which it wants a tenth: many a developer's disk is as full as that every day, and a node that evicts
 * everything is worse than one with little room.
 */
export const DEFAULT_THRESHOLDS: Thresholds = {
  'memory.available': '100Mi',
  'nodefs.available': '5%',
  'nodefs.inodesFree': '5%',
}

export interface Observation {
  readonly available: number
  readonly capacity: number
}
/** Signals that could not be measured are absent. */
export type Observations = Readonly<Partial<Record<Signal, Observation>>>

export interface MetThreshold {
  readonly signal: Signal
  /** What should be left at least, and what is. */
  readonly limit: number
  readonly available: number
}

/** Those under which the node is; memory first, which cannot wait. */
export function metThresholds(
  thresholds: Thresholds,
  observations: Observations,
): readonly MetThreshold[] {
  return SIGNALS.flatMap(signal => {
    const threshold = thresholds[signal]
    const seen = observations[signal]
    // Some file systems have no number of inodes.
    if (threshold === undefined || !seen || seen.capacity === 0) return []
    const limit = limitOf(threshold, seen.capacity)
    return seen.available < limit ? [{ signal, limit, available: seen.available }] : []
  })
}

/** In bytes, or what else there is so much of. */
export const limitOf = (threshold: string, capacity: number): number =>
  threshold.endsWith('%')
    ? Math.floor((capacity * Number(threshold.slice(0, -1))) / 100)
    : quantityToNumber(threshold)

/** `memory.available<100Mi,nodefs.available<5%`; empty for none, undefined for the usual ones. Throws a UserError. */
export function thresholdsOf(text: string | undefined): Thresholds {
  if (text === undefined) return DEFAULT_THRESHOLDS
  const thresholds: Partial<Record<Signal, string>> = {}
  for (const part of text.split(',').filter(Boolean)) {
    const [name = '', amount = ''] = part.split('<')
    const signal = SIGNALS.find(each => each === name)
    if (!signal || !isThreshold(amount))
      throw new UserError(
        `--eviction-hard wants SIGNAL<QUANTITY or SIGNAL<PERCENT% with ${SIGNALS.join(', ')}, not "${part}"`,
      )
    thresholds[signal] = amount
  }
  return thresholds
}

/** A quantity, or a part of what there is. */
export function isThreshold(text: string): boolean {
  if (text.endsWith('%')) return /^\d+(\.\d+)?%$/.test(text) && Number(text.slice(0, -1)) <= 100
  try {
    return quantityToNumber(text) >= 0
  } catch {
    return false
  }
}

const RESOURCES: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
}
export const resourceOf = (signal: Signal): string => RESOURCES[signal]

export const amount = (of: number): string =>
  formatQuantity({ nanos: BigInt(Math.trunc(of)) * 1_000_000_000n, format: 'BinarySI' })

/** What the pod is told that has to go. */
export const lowMessage = ({ signal, limit, available }: MetThreshold): string =>
  `The node was low on resource: ${resourceOf(signal)}. Threshold quantity: ${amount(limit)}, available: ${amount(available)}. `
