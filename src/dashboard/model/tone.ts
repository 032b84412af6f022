/** How good or bad a word of the API is, so that the eye finds what is wrong before it reads. The word itself is always there, too. */

export type Tone = 'good' | 'busy' | 'bad' | 'quiet' | 'plain'

const GOOD = new Set([
  'Running',
  'Ready',
  'Active',
  'Bound',
  'Available',
  'Complete',
  'Healthy',
  'Established',
  'Approved,Issued',
  'Normal',
  'Deployed',
  'Succeeded',
])
const QUIET = new Set(['Completed', 'Succeeded', 'Released', 'Suspended'])
const BUSY = new Set([
  'Pending',
  'ContainerCreating',
  'PodInitializing',
  'Terminating',
  'Progressing',
  'SchedulingGated',
  'Waiting',
  'Updating',
])
const BAD =
  /BackOff|Err|Fail|Invalid|OOMKilled|Evicted|Unknown|Lost|Warning|DeadlineExceeded|Unhealthy|CannotRun|NotReady/

/** Of columns that say how something is; of others nothing is judged. */
const JUDGED = new Set([
  'Status',
  'Phase',
  'State',
  'Ready',
  'Type',
  'Reason',
  'Health',
  'Available',
])

export function toneOfCell(column: string, text: string, kind = ''): Tone {
  if (!JUDGED.has(column) || text === '') return 'plain'
  // A Service's type is no judgement, an Event's is.
  if (column === 'Type' || column === 'Reason')
    return column === 'Type' && text === 'Warning' && kind === 'Event' ? 'bad' : 'plain'
  const [, ready, all] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  if (ready !== undefined && all !== undefined)
    return Number(ready) >= Number(all) ? 'plain' : 'busy'
  return toneOfWord(text)
}

/** `Running`, `CrashLoopBackOff`, `Ready,SchedulingDisabled`, `Init:0/1`, `True`. */
export function toneOfWord(word: string): Tone {
  if (QUIET.has(word)) return 'quiet'
  if (GOOD.has(word) || word === 'True') return 'good'
  if (word === 'NotReady' || word === 'False') return 'bad'
  if (/^Ready,/.test(word)) return 'busy'
  if (BAD.test(word)) return 'bad'
  if (BUSY.has(word) || /^Init:\d/.test(word) || /^Signal:|^ExitCode:/.test(word)) return 'busy'
  return 'plain'
}

/** Conditions by which something is well when they are False. */
const BAD_WHEN_TRUE =
  /Pressure$|^NetworkUnavailable$|Failure|Failed|^Stalled$|^Degraded$|^DisruptionTarget$|Conflict|Dangling|ParsingError|DeletionContent|RemainingContent|ContentRemaining|FinalizersRemaining|^NonStructuralSchema$/

export interface ConditionText {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string | null
}

export function toneOfCondition({ type, status, reason }: ConditionText): Tone {
  if (status === 'Unknown') return 'busy'
  const isTrue = status === 'True'
  if (type === 'Suspended' || type === 'ScalingLimited') return 'plain'
  if (BAD_WHEN_TRUE.test(type)) return isTrue ? 'bad' : 'good'
  if (isTrue) return 'good'
  // A pod that has run to its end is not ready any more, and all is well.
  return reason === 'PodCompleted' ? 'quiet' : 'bad'
}
