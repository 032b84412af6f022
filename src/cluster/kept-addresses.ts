/** Looks now and then whether the machine has another address: laptops change networks, and leases of addresses end. */
import type { Clock } from '#base/clock.ts'
import type { Running } from '#client/role.ts'

const LOOK_EVERY_MS = 10_000

export interface KeptAddresses {
  readonly clock: Clock
  /** The address of a machine that had `held`. */
  today(held: string): string
  moved(address: string): void
}

/** Changes `addresses` in place, one of each family, for all who hold the list. */
export function keepAddresses(
  addresses: string[],
  { clock, today, moved }: KeptAddresses,
): Running {
  let cancel = () => {}
  const next = () => {
    cancel = clock.after(LOOK_EVERY_MS, () => {
      for (const [at, held] of addresses.entries()) {
        const address = today(held)
        if (address === held) continue
        addresses[at] = address
        moved(address)
      }
      next()
    })
  }
  next()
  return { stop: async () => cancel() }
}
