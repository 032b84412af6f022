/**
 * A client as a controller manager has it on a bad day: events come late and twice, watches break and lose what was under way, writes are
 * refused for a conflict, and the process dies at a write, before or after it was done. Nothing of a dead process ever goes on.
 */
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { iterableEvents } from '#client/iterable-events.ts'
import type { EventSource } from '#client/transport.ts'

export interface Storm {
  readonly clock: Clock
  readonly random: Random
  /** Whether anything goes wrong now. */
  rages(): boolean
  /** Ends this process; another one begins. */
  die(): void
}

/** One in so many writes is refused, and one in so many is a process's last. */
const REFUSED_ONE_IN = 8
const LAST_ONE_IN = 40
/** One in so many events comes twice, and one in so many breaks its watch. */
const DOUBLE_ONE_IN = 10
const BREAK_ONE_IN = 60
const LONGEST_LAG_MS = 400

export function stormyClient(client: Client, storm: Storm): Client {
  let isDead = false
  const oneIn = (count: number) => storm.rages() && storm.random.integer(count) === 0
  const never = new Promise<never>(() => {})
  const die = () => {
    isDead = true
    storm.die()
    return never
  }

  const write = async <T>(refusal: () => StatusError, perform: () => Promise<T>): Promise<T> => {
    if (isDead) return never
    if (oneIn(REFUSED_ONE_IN)) throw refusal()
    const isLast = oneIn(LAST_ONE_IN)
    if (isLast && oneIn(2)) return die()
    const done = await perform()
    if (isDead) return never
    return isLast ? die() : done
  }
  const conflict = () => new StatusError('Conflict', 'somebody else was quicker')
  const unavailable = () => new StatusError('ServiceUnavailable', 'not now')

  return {
    ...client,
    create: (...call) => write(unavailable, () => client.create(...call)),
    update: (...call) => write(conflict, () => client.update(...call)),
    patch: (...call) => write(conflict, () => client.patch(...call)),
    delete: (...call) => write(conflict, () => client.delete(...call)),
    deleteAll: (...call) => write(unavailable, () => client.deleteAll(...call)),
    async watch(...call) {
      if (isDead) return never
      return iterableEvents(lateAndBroken(await client.watch(...call), storm, oneIn))
    },
  }
}

/** The events in their order, each at some time after the one before; some twice, until the watch breaks. */
function lateAndBroken<E>(
  events: EventSource<E>,
  { clock, random, rages }: Storm,
  oneIn: (count: number) => boolean,
): EventSource<E> {
  return {
    subscribe({ next, end }) {
      let isOver = false
      let readyMs = clock.monotonicMs()
      const later = (act: () => void) => {
        const lagMs = rages() ? random.integer(LONGEST_LAG_MS) : 1
        readyMs = Math.max(readyMs, clock.monotonicMs() + lagMs)
        clock.after(readyMs - clock.monotonicMs(), () => {
          if (!isOver) act()
        })
      }
      const finish = (error?: Error) => {
        isOver = true
        cancel()
        end(error)
      }
      const cancel = events.subscribe({
        next(event) {
          later(() => {
            next(event)
            if (oneIn(DOUBLE_ONE_IN)) next(event)
            if (oneIn(BREAK_ONE_IN)) finish(new Error('the connection broke'))
          })
        },
        end: error => later(() => finish(error)),
      })
      return () => {
        isOver = true
        cancel()
      }
    },
  }
}
