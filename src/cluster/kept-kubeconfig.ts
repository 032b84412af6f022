/**
 * Writes a kubeconfig anew when the certificate in it was renewed: it is good for a year, and a cluster may run for longer than what was left
 * of that when it was started.
 */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'

/** Certificates are renewed months before they end. */
const LOOK_EVERY_MS = 6 * 3_600_000

export interface KeptKubeconfig {
  readonly clock: Clock
  readonly log: Log
  /** As it should be now. */
  text(): string
  write(text: string): void
}

/** Writes at once, and throws where that fails; later failures are logged. */
export function keepKubeconfig({ clock, log, text, write }: KeptKubeconfig): { stop(): void } {
  let written = text()
  write(written)
  let cancel = () => {}
  const look = () => {
    try {
      const now = text()
      // Left alone until then: people choose a namespace or add contexts in it.
      if (now !== written) write(now)
      written = now
    } catch (error) {
      log.error('a kubeconfig could not be renewed; trying again', {
        error: messageOf(error),
      })
    }
  }
  const next = () => {
    cancel = clock.after(LOOK_EVERY_MS, () => {
      look()
      next()
    })
  }
  next()
  const endJumps = clock.onJump?.(look)
  return {
    stop() {
      cancel()
      endJumps?.()
    },
  }
}
