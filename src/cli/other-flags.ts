/**
 * Flags of upstream's programs that are known here without being flags of ours: manifests that are made for those programs go on to work. Taken is
 * what would make no difference that anybody could see; the rest is refused by a sentence that says what to do instead.
 */
import { parseDuration } from '#api/machinery/duration.ts'
import { UserError } from '#base/errors.ts'

export interface OtherFlag {
  /** Why it makes no difference, or why it cannot be had. */
  readonly why: string
  /** A switch may stand alone. */
  readonly isSwitch?: boolean
  /** The only texts that are taken: those that say what is so anyway. All are where it is absent, none where it is empty. */
  readonly only?: readonly string[]
}

export type OtherFlags = Readonly<Record<string, OtherFlag>>

/** Takes whatever is said. */
export const taken = (why: string): OtherFlag => ({ why })
/** Takes one thing alone: what is done in any case. */
export const only = (value: string | readonly string[], why: string): OtherFlag => ({
  why,
  only: typeof value === 'string' ? [value] : value,
})
/** A switch that stands where it stands. */
export const always = (value: boolean, why: string): OtherFlag => ({
  why,
  only: [String(value)],
  isSwitch: true,
})
export const takenSwitch = (why: string): OtherFlag => ({ why, isSwitch: true })
/** Takes nothing. */
export const refused = (why: string): OtherFlag => ({ why, only: [] })
export const refusedSwitch = (why: string): OtherFlag => ({ why, only: [], isSwitch: true })

/** Throws a UserError for what cannot be had. */
export function checkOther(name: string, { why, only, isSwitch }: OtherFlag, text: string): void {
  if (isSwitch && text !== 'true' && text !== 'false')
    throw new UserError(`--${name} is a switch: write --${name}, or --${name}=false`)
  if (only && !only.some(each => isSame(each, text)))
    throw new UserError(`--${name}=${text} is not supported: ${why}`)
}

/** `5m` is `5m0s`. */
function isSame(one: string, other: string): boolean {
  if (one === other) return true
  const [time, another] = [one, other].map(timeIn)
  return time !== undefined && time === another
}

function timeIn(text: string): bigint | undefined {
  if (!/^\d.*[hms]$/.test(text)) return undefined
  try {
    return parseDuration(text)
  } catch {
    return undefined
  }
}

/** What others call log verbosity, and where logs go. */
const LOGS = 'use --log-level'
export const logging: OtherFlags = {
  v: taken(`verbosity is chosen by --log-level`),
  vmodule: taken(`verbosity is chosen by --log-level`),
  'log-flush-frequency': taken('each line is written at once'),
  'log-json-info-buffer-size': taken('lines are not buffered'),
  'log-json-split-stream': always(false, 'all goes to standard error'),
  'log-text-info-buffer-size': taken('lines are not buffered'),
  'log-text-split-stream': always(false, 'all goes to standard error'),
  'logging-format': only('text', `lines are text; ${LOGS} for how many of them`),
}

/** How figures are shown. */
export const metrics: OtherFlags = {
  'allow-metric-labels': refused('all labels of all figures are shown'),
  'allow-metric-labels-manifest': refused('all labels of all figures are shown'),
  'disabled-metrics': refused('whoever collects figures may leave some out'),
  'show-hidden-metrics-for-version': taken('nothing is hidden'),
}

/** Of which version one behaves. */
const EMULATED = 'Proa behaves as v1.36 does; --runtime-config and --feature-gates say what is on'
export const versions: OtherFlags = {
  'emulated-version': only(['1.36', 'v1.36', 'kube=1.36', 'kube=v1.36'], EMULATED),
  'emulation-forward-compatible': always(false, EMULATED),
  'min-compatibility-version': taken('older servers over the same etcd are told apart by nothing'),
  'runtime-config-emulation-forward-compatible': always(false, EMULATED),
}
