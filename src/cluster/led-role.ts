/** Controllers and scheduler as processes of their own: of several, one works and the others wait. */
import { hostname } from 'node:os'
import { startLeaderElection } from '#client/leader-election.ts'
import type { RoleContext, Running } from '#client/role.ts'

export interface LedRole extends Running {
  /** Of its Lease. */
  readonly name: string
  readonly isLeading: boolean
}

export interface LedOptions {
  /** Where the Lease is; kube-system unless said otherwise. */
  readonly namespace?: string
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
}

/** Campaigns for the Lease `name`; `start` is called on winning it, and what it started ends on losing it. */
export function startLed(
  name: string,
  context: RoleContext,
  start: () => Running | Promise<Running>,
  options: LedOptions = {},
): LedRole {
  const { client, clock, random, log } = context
  let isLeading = false
  const election = startLeaderElection({
    client,
    clock,
    random,
    log,
    namespace: 'kube-system',
    ...options,
    name,
    identity: `${hostname()}_${random.uuid()}`,
    async lead(lost) {
      isLeading = true
      const running = await start()
      if (!lost.aborted)
        await new Promise(resolve => lost.addEventListener('abort', resolve, { once: true }))
      isLeading = false
      await running.stop()
    },
  })
  return {
    name,
    get isLeading() {
      return isLeading
    },
    stop: () => election.stop(),
  }
}
