/**
 * How long plugins take. Looking at the clock around every call would cost more than most calls: one attempt in ten is measured,
 * as upstream does it, by plugins in whose place others stand that do the same with a watch in hand. The rest pays nothing.
 */
import type { CycleState } from './cycle-state.ts'
import type { Plugin } from './plugin.ts'
import type { Profile } from './profile.ts'
import type { Status } from './status.ts'

/** Percent of the attempts. */
export const SAMPLED_PERCENT = 10

export interface Watch {
  /** Milliseconds of a clock that only goes forward. */
  now(): number
  /** All plugins of an extension point took so long. */
  point(name: string, code: string, ms: number): void
  /** One call of one plugin took so long. */
  plugin(plugin: string, point: string, code: string, ms: number): void
}

/** What of a plugin is measured, under upstream's names. */
const points = {
  preFilter: 'PreFilter',
  addPod: 'PreFilterExtensionAddPod',
  removePod: 'PreFilterExtensionRemovePod',
  filter: 'Filter',
  postFilter: 'PostFilter',
  preScore: 'PreScore',
  score: 'Score',
  normalize: 'ScoreExtensionNormalize',
  reserve: 'Reserve',
  unreserve: 'Unreserve',
  permit: 'Permit',
  preBind: 'PreBind',
  bind: 'Bind',
  postBind: 'PostBind',
} as const satisfies Partial<Record<keyof Plugin, string>>

export type MeasuredPoint = (typeof points)[keyof typeof points]

/** The same profile, whose plugins tell the watch of their attempt. */
export function measuredProfile(profile: Profile): Profile {
  const measured = new Map<Plugin, Plugin>()
  const inPlaceOf = (plugin: Plugin): Plugin => {
    const known = measured.get(plugin) ?? measuredPlugin(plugin)
    measured.set(plugin, known)
    return known
  }
  const own = Object.entries(profile.points).map(([point, all]) => [point, all.map(inPlaceOf)])
  return { ...profile, points: Object.fromEntries(own) as unknown as Profile['points'] }
}

type Method = (cycle: CycleState, ...rest: unknown[]) => unknown

function measuredPlugin(plugin: Plugin): Plugin {
  const measured = Object.create(plugin) as Record<string, unknown>
  for (const [method, point] of Object.entries(points)) {
    const own = plugin[method as keyof typeof points] as Method | undefined
    if (!own) continue
    measured[method] = (cycle: CycleState, ...rest: unknown[]) =>
      timed(cycle, () => own.call(plugin, cycle, ...rest), {
        codeOf: codeOfAnswer,
        tell: (watch, code, ms) => watch.plugin(plugin.name, point, code, ms),
      })
  }
  return measured as unknown as Plugin
}

/** Does the work of an extension point, and tells the attempt's watch, if it has one. */
export function timedPoint<T>(
  cycle: CycleState,
  name: MeasuredPoint,
  work: () => T,
  codeOf: (result: Awaited<T>) => string = codeOfAnswer,
): T {
  if (!cycle.watch) return work()
  return timed(cycle, work, { codeOf, tell: (watch, code, ms) => watch.point(name, code, ms) })
}

interface Timed<T> {
  readonly codeOf: (result: Awaited<T>) => string
  readonly tell: (watch: Watch, code: string, ms: number) => void
}

function timed<T>({ watch }: CycleState, work: () => T, { codeOf, tell }: Timed<T>): T {
  if (!watch) return work()
  const start = watch.now()
  const told = (result: Awaited<T>) => {
    tell(watch, codeOf(result), watch.now() - start)
    return result
  }
  const result = work()
  return (result instanceof Promise ? result.then(told) : told(result as Awaited<T>)) as T
}

/** Answers are a status, or have one, or are none. */
function codeOfAnswer(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'Success'
  const { code, status } = answer as { code?: string; status?: Status }
  return code ?? status?.code ?? 'Success'
}
