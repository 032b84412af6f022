/** The webhook of --authentication-token-webhook-config-file. */
import type { TokenVerifier } from '#apiserver/authentication/bearer-tokens.ts'
import { cachedVerifier, type TokenCacheFigures } from '#apiserver/authentication/token-cache.ts'
import { tokenWebhook } from '#apiserver/authentication/token-webhook.ts'
import type { TokenWebhookSettings } from './authentication-options.ts'
import type { AuthenticationSurroundings } from './open-authentication.ts'
import { reviewTargetIn } from './review-target.ts'

const CACHE_TTL_MS = 2 * 60_000

export interface TokenWebhookSurroundings extends AuthenticationSurroundings {
  readonly audiences: readonly string[]
  readonly figures: TokenCacheFigures
}

/** Rejects with a UserError. */
export async function openTokenWebhook(
  { configFile, version = 'v1beta1', cacheTtlMs = CACHE_TTL_MS }: TokenWebhookSettings,
  { files, clock, log, audiences, figures }: TokenWebhookSurroundings,
): Promise<{ readonly verifier: TokenVerifier; close(): void }> {
  const target = await reviewTargetIn(configFile, files)
  const verifier = cachedVerifier(tokenWebhook({ target, version, audiences, clock, log }), {
    clock,
    successTtlMs: cacheTtlMs,
    failureTtlMs: cacheTtlMs,
    figures,
  })
  return { verifier, close: () => target.caller.close() }
}
