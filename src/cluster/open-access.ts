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

/** Rejects with a UserError. */
export async function openAccess(
  { authentication, authorization, admission }: AccessOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenAccess> {
  const surroundings = { files: systemFiles, clock, log }
  const rights = authorization
    ? await (await import('./open-authorization.ts')).openAuthorization(authorization, surroundings)
    : undefined
  try {
    const entry = authentication
      ? await (await import('./open-authentication.ts')).openAuthentication(
          authentication,
          surroundings,
        )
      : undefined
    const plugins = admission
      ? await (await import('./open-admission.ts')).openAdmission(admission, surroundings)
      : undefined
    const security = { ...plugins?.security, ...entry?.security, ...rights?.security }
    const { anonymousAuth = true } = security
    if (rights?.allowsAll && anonymousAuth !== false)
      log.warn(
        'AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer',
      )
    return {
      security: rights?.allowsAll ? { ...security, anonymousAuth: false } : security,
      figures: [...(entry?.figures ?? []), ...(rights?.figures ?? [])],
      async stop() {
        entry?.close()
        rights?.close()
        plugins?.close()
      },
    }
  } catch (error) {
    rights?.close()
    throw error
  }
}
