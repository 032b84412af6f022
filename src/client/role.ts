/** What every role (controllers, scheduler, kubelet, proxy, dns …) is given to live on, and how it is stopped. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from './client.ts'
import type { Informers } from './informer.ts'

export interface RoleContext {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Running {
  /** Ends all loops, timers, watches and sockets; resolves when none is left. */
  stop(): Promise<void>
}
