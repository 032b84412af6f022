/**
 * One of several processes acts at a time, by holding a Lease. A holder that cannot renew stops acting at its deadline, by
 * a monotonic clock, before others may take over. This is no fence: a write that is already under way may still land, so
 * writers rely on resourceVersion preconditions for safety.
 */
import { type Lease, lease as leaseKind } from '#api/coordination/v1/lease.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, rfc3339Micro, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Reader, Writer } from './client.ts'
import type { Running } from './role.ts'

/** Upstream's times: how long a lease is respected, how long its holder tries to renew, how often. */
export const LEASE_DURATION_MS = 15_000
const RENEW_DEADLINE_MS = 10_000
const RETRY_PERIOD_MS = 2_000

export interface LeaderElectionOptions {
  readonly client: Pick<Reader, 'get'> & Pick<Writer, 'create' | 'update'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespace: string
  /** The Lease, e.g. `kube-scheduler`. */
  readonly name: string
  /** Tells this process from all others, e.g. `host_uuid`. */
  readonly identity: string
  /** Called on becoming leader. `lost` aborts when leading is over; no new action may begin after that. */
  readonly lead: (lost: AbortSignal) => Promise<void>
  /** Called whenever the lease was renewed, the first time included. */
  readonly renewed?: () => void
  readonly leaseDurationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
}

/** Campaigns until stopped. A lost election is campaigned for again; whoever would rather exit does so in `lead`. */
export function startLeaderElection(options: LeaderElectionOptions): Running {
  const stopping = new AbortController()
  const election = campaign(options, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await election
    },
  }
}

/** What was last seen of the lease and when, by this process's own monotonic clock: clocks of others are not trusted. */
interface Observed {
  lease: Lease | undefined
  sinceMs: number
}

async function campaign(options: LeaderElectionOptions, stop: AbortSignal): Promise<void> {
  const { clock, random, log, retryPeriodMs = RETRY_PERIOD_MS } = options
  const observed: Observed = { lease: undefined, sinceMs: clock.monotonicMs() }
  while (!stop.aborted) {
    if (await tryToHold(options, observed)) await holdOn(options, observed, stop)
    if (stop.aborted) break
    // Spread by up to a fifth, so that candidates do not stay in step.
    const waitMs = retryPeriodMs + random.integer(Math.max(1, Math.floor(retryPeriodMs / 5)))
    await sleep(clock, waitMs, stop).catch(() => log.debug('leader election stops'))
  }
}

async function holdOn(options: LeaderElectionOptions, observed: Observed, stop: AbortSignal) {
  const { clock, log, renewDeadlineMs = RENEW_DEADLINE_MS } = options
  const { retryPeriodMs = RETRY_PERIOD_MS, identity, namespace, name } = options
  const lost = new AbortController()
  log.info('leading', { lease: `${namespace}/${name}`, identity })
  options.renewed?.()
  const work = options.lead(lost.signal).catch(error => log.error('the leader failed', { error }))
  let renewedMs = clock.monotonicMs()
  while (!stop.aborted) {
    await sleep(clock, retryPeriodMs, stop).catch(() => {})
    if (stop.aborted) break
    const leftMs = renewedMs + renewDeadlineMs - clock.monotonicMs()
    const begunMs = clock.monotonicMs()
    if (leftMs > 0 && (await withinTime(clock, leftMs, tryToHold(options, observed)))) {
      renewedMs = begunMs
      options.renewed?.()
    } else if (clock.monotonicMs() - renewedMs >= renewDeadlineMs) {
      log.warn('no longer leading', { lease: `${namespace}/${name}`, identity })
      break
    }
  }
  lost.abort()
  await work
  if (stop.aborted) await release(options, observed)
}

/** The value of `attempt`, or false when it takes too long. */
function withinTime(clock: Clock, limitMs: number, attempt: Promise<boolean>): Promise<boolean> {
  return new Promise(resolve => {
    const cancel = clock.after(limitMs, () => resolve(false))
    void attempt.then(value => {
      cancel()
      resolve(value)
    })
  })
}

/** Takes or renews the lease; false when another holds it or no answer came. */
async function tryToHold(options: LeaderElectionOptions, observed: Observed): Promise<boolean> {
  const { client, clock, log, namespace, name, identity } = options
  const { leaseDurationMs = LEASE_DURATION_MS } = options
  const now = rfc3339Micro(clock.now())
  const mine = {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
    renewTime: now,
  }
  try {
    let current: Lease
    try {
      current = await client.get(leaseKind, name, namespace)
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      const metadata = { name, namespace }
      const spec = { ...mine, acquireTime: now, leaseTransitions: 0 }
      observe(observed, await client.create(leaseKind, { metadata, spec }), clock)
      return true
    }
    observe(observed, current, clock)
    const holder = current.spec?.holderIdentity ?? ''
    const expiresMs = observed.sinceMs + (current.spec?.leaseDurationSeconds ?? 0) * 1000
    if (holder !== '' && holder !== identity && clock.monotonicMs() < expiresMs) return false
    const kept = holder === identity
    const spec = {
      ...current.spec,
      ...mine,
      acquireTime: kept ? (current.spec?.acquireTime ?? now) : now,
      leaseTransitions: (current.spec?.leaseTransitions ?? 0) + (kept ? 0 : 1),
    }
    observe(observed, await client.update(leaseKind, { ...current, spec }), clock)
    return true
  } catch (error) {
    log.debug(`lease not held: ${messageOf(error)}`)
    return false
  }
}

function observe(observed: Observed, seen: Lease, clock: Clock): void {
  if (observed.lease?.metadata.resourceVersion === seen.metadata.resourceVersion) return
  observed.lease = seen
  observed.sinceMs = clock.monotonicMs()
}

/** Gives the lease up, so that the next holder need not wait for it to expire. */
async function release(options: LeaderElectionOptions, observed: Observed): Promise<void> {
  const { client, clock, log, identity } = options
  const { lease } = observed
  if (lease?.spec?.holderIdentity !== identity) return
  const now = rfc3339Micro(clock.now())
  const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now }
  await client
    .update(leaseKind, { ...lease, spec })
    .catch(error => log.debug(`lease not released: ${messageOf(error)}`))
}
