/** Controllers and scheduler as processes of their own: of several, one works and the others wait. */
import { hostname } from 'node:os'
import { LEASE_DURATION_MS, startLeaderElection } from '#client/leader-election.ts'
import type { RoleContext, Running } from '#client/role.ts'

/** How much later than the end of its lease a leader is taken to hang: upstream's time. */
const HANG_MS = 20_000

export interface LedRole extends Running {
  /** Of its Lease. */
  readonly name: string
  readonly isLeading: boolean
  /** False where it leads by a lease that it should have lost long ago: the process hangs. */
  readonly isHealthy: boolean
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
  const { leaseDurationMs = LEASE_DURATION_MS } = options
  let isLeading = false
  let renewedMs = clock.monotonicMs()
  const election = startLeaderElection({
    client,
    clock,
    random,
    log,
    namespace: 'kube-system',
    ...options,
    name,
    identity: `${hostname()}_${random.uuid()}`,
    renewed() {
      renewedMs = clock.monotonicMs()
    },
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
    get isHealthy() {
      return !isLeading || clock.monotonicMs() - renewedMs <= leaseDurationMs + HANG_MS
    },
    stop: () => election.stop(),
  }
}
