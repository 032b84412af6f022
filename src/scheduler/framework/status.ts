/** What a plugin answers when it does not simply agree. Agreement is `undefined`, so that the common case costs nothing. */

/**
 * `Unschedulable`: not now, but evicting pods might help. `UnschedulableAndUnresolvable`: no eviction could help.
 * `Pending`: the pod waits for something that the plugin has set going. `Wait`: held by Permit. `Skip`: nothing to say about
 * this pod. `Error`: the plugin failed, which is nobody's verdict.
 */
export type Code =
  | 'Unschedulable'
  | 'UnschedulableAndUnresolvable'
  | 'Pending'
  | 'Wait'
  | 'Skip'
  | 'Error'

export interface Status {
  readonly code: Code
  /** Upstream's words, as the FailedScheduling event counts them. */
  readonly reasons: readonly string[]
  /** Who answered; empty for extenders. */
  readonly plugin: string
  /** The reasons say all, as no node is to blame: nodes are not counted. */
  readonly isOfNoNode?: true
  /** Of an `Error` of PostFilter: the next attempt would come to the same, so only events give the pod another chance. */
  readonly isLasting?: true
  /** What was thrown, for `Error`. */
  readonly cause?: unknown
}

/** PreFilter and PreScore: the plugin is left out for this pod. Bind: another plugin is to bind. */
export const SKIP: Status = Object.freeze({ code: 'Skip', reasons: [], plugin: '' })

export function isRejected(status: Status): boolean {
  const { code } = status
  return code === 'Unschedulable' || code === 'UnschedulableAndUnresolvable' || code === 'Pending'
}

export function messageOfStatus({ reasons }: Status): string {
  return reasons.join(', ')
}

export function failed(plugin: string, reason: string, cause?: unknown): Status {
  return { code: 'Error', reasons: [reason], plugin, cause }
}

/** Texts of refusals are few: they name resources and rules, not pods. */
const KNOWN_LIMIT = 2_000
const known = new Map<string, Status>()

/** A refusal; the same object for the same words, as thousands of nodes say the same. */
export function refusal(
  plugin: string,
  reasons: string | readonly string[],
  code: Code = 'Unschedulable',
): Status {
  const words = typeof reasons === 'string' ? [reasons] : reasons
  const key = `${plugin}\n${code}\n${words.join('\n')}`
  let status = known.get(key)
  if (!status) {
    if (known.size >= KNOWN_LIMIT) known.clear()
    status = Object.freeze({ code, reasons: Object.freeze([...words]), plugin })
    known.set(key, status)
  }
  return status
}

/** A refusal that no eviction of other pods could change. */
export function unresolvable(plugin: string, reasons: string | readonly string[]): Status {
  return refusal(plugin, reasons, 'UnschedulableAndUnresolvable')
}
