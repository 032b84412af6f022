/** The containers of a pod with what its status says of each. */
import type { AnyObject } from './health.ts'
import { type Tone, toneOfWord } from './tone.ts'

export interface ContainerText {
  readonly name: string
  readonly image: string
  /** '' for an ordinary one. */
  readonly role: '' | 'init' | 'sidecar' | 'ephemeral'
  readonly restarts: number
  readonly isReady: boolean
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly lastState: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Members = Readonly<Record<string, unknown>>
const listOf = (value: unknown): readonly Members[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'object' && each !== null) : []

/** Ordinary ones first: they are what people mean. */
export function containersOf({ spec = {}, status = {} }: AnyObject): ContainerText[] {
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']
  const byName = new Map(
    statuses.flatMap(field =>
      listOf(status[field]).map(each => [String(each.name), each] as const),
    ),
  )
  const text = (container: Members, role: ContainerText['role']): ContainerText => {
    const name = String(container.name)
    const told = byName.get(name) ?? {}
    return {
      name,
      image: String(container.image ?? ''),
      role,
      restarts: typeof told.restartCount === 'number' ? told.restartCount : 0,
      isReady: told.ready === true,
      state: (told.state ?? {}) as ContainerText['state'],
      lastState: (told.lastState ?? {}) as ContainerText['state'],
    }
  }
  return [
    ...listOf(spec.containers).map(each => text(each, '')),
    ...listOf(spec.initContainers).map(each =>
      text(each, each.restartPolicy === 'Always' ? 'sidecar' : 'init'),
    ),
    ...listOf(spec.ephemeralContainers).map(each => text(each, 'ephemeral')),
  ]
}

export interface StateText {
  readonly text: string
  readonly tone: Tone
  readonly message: string
  readonly since: string
}

/** How a container is, and why. */
export function containerState({ state, lastState, isReady, role }: ContainerText): StateText {
  const { running, waiting, terminated } = state
  const said = (of: Members | undefined, field: string) => {
    const value = of?.[field]
    return typeof value === 'string' ? value : ''
  }
  if (running) {
    const tone: Tone = isReady || role === 'ephemeral' ? 'good' : 'busy'
    const text = isReady || role === 'ephemeral' ? 'Running' : 'Running, not ready'
    return { text, tone, message: '', since: said(running, 'startedAt') }
  }
  if (waiting) {
    const reason = said(waiting, 'reason') || 'Waiting'
    const before = lastState.terminated
    const ended = before
      ? ` Last: ${said(before, 'reason') || 'ended'}, exit code ${before.exitCode}.`
      : ''
    const tone = toneOfWord(reason)
    return {
      text: reason,
      tone: tone === 'plain' ? 'busy' : tone,
      message: `${said(waiting, 'message')}${ended}`.trim(),
      since: said(before, 'finishedAt'),
    }
  }
  if (terminated) {
    const isWell = terminated.exitCode === 0
    return {
      text: said(terminated, 'reason') || (isWell ? 'Completed' : 'Error'),
      tone: isWell ? 'quiet' : 'bad',
      message: [isWell ? '' : `exit code ${terminated.exitCode}`, said(terminated, 'message')]
        .filter(Boolean)
        .join(': '),
      since: said(terminated, 'finishedAt'),
    }
  }
  return { text: 'Not started', tone: 'busy', message: '', since: '' }
}
