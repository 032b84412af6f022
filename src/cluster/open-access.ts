/** Who may come into a cluster's API server and what they may do, where that is asked for; loaded only then. */
import type { SecurityOptions } from '#apiserver'
import type { Clock } from '#base/clock.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import { systemFiles } from '#host/files.ts'
import type { AccessOptions } from './options.ts'

export interface OpenAccess {
  readonly security: Partial<SecurityOptions>
  readonly figures: readonly FigureSource[]
  stop(): Promise<void>
}

const NOTHING: OpenAccess = { security: {}, figures: [], async stop() {} }

/** Rejects with a UserError. */
export async function openAccess(
  { authentication }: AccessOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenAccess> {
  if (!authentication) return NOTHING
  const { openAuthentication } = await import('./open-authentication.ts')
  const { security, figures, close } = await openAuthentication(authentication, {
    files: systemFiles,
    clock,
    log,
  })
  return { security, figures, stop: async () => close() }
}
