/** What a KubeletConfiguration says of pods that have to go where the node runs short, beside evictionHard. Pure. */
import { parseDuration } from '#api/machinery/duration.ts'
import { UserError } from '#base/errors.ts'
import { DEFAULT_EVICTION, type EvictionSettings } from '../eviction/threshold-watch.ts'
import { isThreshold, SIGNALS, type Signal, type Thresholds } from '../eviction/thresholds.ts'
import type { KubeletConfiguration } from './schema.ts'

type Texts = Readonly<Record<string, string>>

const invalid = (why: string) => new UserError(`invalid kubelet configuration: ${why}`)
const isServed = (name: string): name is Signal => (SIGNALS as readonly string[]).includes(name)

/** Throws a UserError. Undefined leaves the kubelet its own. */
export function evictionOf(configuration: KubeletConfiguration): EvictionSettings | undefined {
  const {
    evictionSoft = {},
    evictionSoftGracePeriod = {},
    evictionMinimumReclaim = {},
  } = configuration
  const { evictionMaxPodGracePeriod, evictionPressureTransitionPeriod } = configuration
  for (const signal of Object.keys({
    ...configuration.evictionHard,
    ...{ ...evictionSoft, ...evictionSoftGracePeriod, ...evictionMinimumReclaim },
  }))
    if (!KNOWN_SIGNALS.has(signal)) throw invalid(`unsupported eviction signal ${signal}`)
  const soft = thresholdsIn('evictionSoft', evictionSoft)
  const graces = Object.fromEntries(
    Object.entries(evictionSoftGracePeriod).map(([signal, text]) => [
      signal,
      milliseconds(`evictionSoftGracePeriod: ${signal}`, text),
    ]),
  )
  for (const signal of Object.keys(evictionSoft))
    if (graces[signal] === undefined)
      throw invalid(`grace period must be specified for the soft eviction threshold ${signal}`)
  const minimumReclaim = thresholdsIn('evictionMinimumReclaim', evictionMinimumReclaim)
  const transitionMs = evictionPressureTransitionPeriod
    ? milliseconds('evictionPressureTransitionPeriod', evictionPressureTransitionPeriod)
    : 0
  const settings = {
    ...{ soft, minimumReclaim },
    softGraceMs: graces,
    maximumPodGraceSeconds: evictionMaxPodGracePeriod ?? DEFAULT_EVICTION.maximumPodGraceSeconds,
    // None is upstream's own.
    transitionMs: transitionMs || DEFAULT_EVICTION.transitionMs,
  }
  return JSON.stringify(settings) === JSON.stringify(SAYS_NOTHING) ? undefined : settings
}

/** Those of upstream, of which we look at some. */
const KNOWN_SIGNALS: ReadonlySet<string> = new Set([
  ...[...SIGNALS, 'imagefs.available', 'imagefs.inodesFree', 'containerfs.available'],
  ...['containerfs.inodesFree', 'pid.available', 'allocatableMemory.available'],
])

const SAYS_NOTHING = {
  ...{ soft: {}, minimumReclaim: {}, softGraceMs: {} },
  maximumPodGraceSeconds: DEFAULT_EVICTION.maximumPodGraceSeconds,
  transitionMs: DEFAULT_EVICTION.transitionMs,
}

/** Of signals that are looked at; others are told of elsewhere. */
function thresholdsIn(field: string, texts: Texts): Thresholds {
  for (const [name, amount] of Object.entries(texts))
    if (!isThreshold(amount))
      throw invalid(`${field}: ${name} wants a quantity or a percentage, not "${amount}"`)
  return Object.fromEntries(Object.entries(texts).filter(([name]) => isServed(name)))
}

function milliseconds(field: string, text: unknown): number {
  let ms: number
  try {
    ms = Number(parseDuration(String(text)) / 1_000_000n)
  } catch {
    throw invalid(`${field} wants a time such as 10s, not "${text}"`)
  }
  if (ms < 0) throw invalid(`${field}: must be a positive value, not ${text}`)
  return ms
}
