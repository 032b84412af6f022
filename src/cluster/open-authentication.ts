/** Further ways in than certificates and tokens of service accounts, as flags and files ask for them. Loaded only where somebody does. */
import type { SecurityOptions } from '#apiserver'
import { pathOf } from '#apiserver/authentication/authentication.ts'
import type { TokenVerifier } from '#apiserver/authentication/bearer-tokens.ts'
import { DEFAULT_ISSUER } from '#apiserver/authentication/service-account-tokens.ts'
import {
  type AuthenticationConfiguration,
  judgedConfiguration,
  parseAuthenticationConfiguration,
} from '#apiserver/authentication/structured/configuration.ts'
import { jwtFigures } from '#apiserver/authentication/structured/jwt-figures.ts'
import { JwtVerifiers } from '#apiserver/authentication/structured/jwt-verifiers.ts'
import { ALGORITHMS, type Algorithm } from '#apiserver/authentication/structured/signatures.ts'
import { anonymousTwice } from '#apiserver/authentication/structured/validation.ts'
import { cachedVerifier, tokenCacheFigures } from '#apiserver/authentication/token-cache.ts'
import { reloadFigures } from '#apiserver/configuration/reload-figures.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import { createUrlCaller } from '#client/webhooks/url-caller.ts'
import type { Files } from '#host/files.ts'
import type { AuthenticationSettings, OidcSettings } from './authentication-options.ts'
import { bytesOf, followFile } from './followed-file.ts'
import { serverId } from './server-id.ts'
import { openTokenWebhook } from './token-webhook.ts'

export interface AuthenticationSurroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly log: Log
  readonly serviceAccountIssuers?: readonly string[]
}

export interface OpenAuthentication {
  readonly security: Pick<
    SecurityOptions,
    'tokenVerifiers' | 'furtherTokenVerifiers' | 'anonymousAuth' | 'apiAudiences'
  >
  readonly figures: readonly FigureSource[]
  close(): void
}

/** Sets of keys have some thousands of bytes, tokens of claims hardly more. */
const ANSWER_BYTES = 1024 * 1024
/** How long upstream remembers whose a token is. */
const TOKEN_TTL_MS = 10_000

/** Rejects with a UserError. */
export async function openAuthentication(
  settings: AuthenticationSettings,
  surroundings: AuthenticationSurroundings,
): Promise<OpenAuthentication> {
  const { files, clock, log, serviceAccountIssuers = [DEFAULT_ISSUER] } = surroundings
  const { configFile, oidc, apiAudiences } = settings
  const audiences = apiAudiences?.length ? apiAudiences : serviceAccountIssuers
  const bytes = configFile === undefined ? undefined : configurationIn(configFile, files)
  const configuration = bytes
    ? await parseAuthenticationConfiguration(bytes, configFile ?? '')
    : await judgedConfiguration(ofFlags(oidc, files))
  if (configuration.anonymous && settings.anonymousAuth !== undefined)
    throw new UserError(`${anonymousTwice().field}: ${anonymousTwice().message}`)
  const ofCache = tokenCacheFigures()
  const ofIssuers = jwtFigures(clock, serverId())
  const ofFile = reloadFigures(clock, serverId(), 'authentication')
  const verifiers = new JwtVerifiers({
    clock,
    log,
    figures: ofIssuers,
    ...(oidc ? { algorithms: algorithmsOf(oidc) } : {}),
    audiences: () => audiences,
    disallowedIssuers: serviceAccountIssuers,
    callerFor: ({ certificateAuthority: authority }) =>
      createUrlCaller({ authority }, { answerBytes: ANSWER_BYTES }),
  })
  const cached = cachedVerifier(verifiers, {
    clock,
    successTtlMs: TOKEN_TTL_MS,
    failureTtlMs: 0,
    figures: ofCache,
  })
  verifiers.start(configuration.jwt)
  const closing = [() => verifiers.close()]
  try {
    if (bytes && configFile !== undefined)
      closing.push(
        followFile(bytes, {
          path: configFile,
          files,
          clock,
          log,
          figures: ofFile,
          async take(changed) {
            const { jwt } = await parseAuthenticationConfiguration(changed, configFile)
            await verifiers.replace(jwt)
            cached.clear()
          },
        }),
      )
    const webhook = settings.webhook
      ? await openTokenWebhook(settings.webhook, { ...surroundings, audiences, figures: ofCache })
      : undefined
    if (webhook) closing.push(() => webhook.close())
    const before: TokenVerifier[] = settings.tokenFile
      ? [
          (await import('./token-file.ts')).tokenFileVerifier(
            settings.tokenFile,
            files,
            log,
            audiences,
          ),
        ]
      : []
    return {
      security: {
        tokenVerifiers: before,
        furtherTokenVerifiers: [cached, ...(webhook ? [webhook.verifier] : [])],
        anonymousAuth: anonymousOf(configuration, settings.anonymousAuth),
        ...(apiAudiences?.length ? { apiAudiences } : {}),
      },
      figures: [ofCache.source, ofIssuers.source, ofFile.source],
      close: () => {
        for (const each of closing) each()
      },
    }
  } catch (error) {
    for (const each of closing) each()
    throw error
  }
}

function configurationIn(path: string, files: Pick<Files, 'read'>): Buffer {
  try {
    return bytesOf(path, files)
  } catch (error) {
    throw error instanceof UserError
      ? new UserError(
          `failed to load authentication configuration from file ${JSON.stringify(path)}: ${error.message}`,
        )
      : error
  }
}

function anonymousOf(
  { anonymous }: AuthenticationConfiguration,
  flag: boolean | undefined,
): NonNullable<SecurityOptions['anonymousAuth']> {
  if (!anonymous) return flag ?? true
  const paths = new Set((anonymous.conditions ?? []).map(({ path = '' }) => path))
  if (!anonymous.enabled || paths.size === 0) return anonymous.enabled
  return request => paths.has(pathOf(request))
}

/** What the flags say, as the file would. */
function ofFlags(
  oidc: OidcSettings | undefined,
  files: Pick<Files, 'read'>,
): AuthenticationConfiguration {
  if (!oidc) return { jwt: [] }
  const { issuerUrl, clientId, caFile, usernameClaim, groupsClaim, requiredClaims } = oidc
  const authority = caFile === undefined ? undefined : bytesOf(caFile, files).toString()
  return {
    jwt: [
      {
        issuer: {
          url: issuerUrl,
          audiences: [clientId],
          ...(authority === undefined ? {} : { certificateAuthority: authority }),
        },
        claimMappings: {
          username: { claim: usernameClaim, prefix: usernamePrefixOf(oidc) },
          ...(groupsClaim ? { groups: { claim: groupsClaim, prefix: oidc.groupsPrefix } } : {}),
        },
        claimValidationRules: [...requiredClaims].map(([claim, requiredValue]) => ({
          claim,
          requiredValue,
        })),
      },
    ],
  }
}

/** Names of one issuer must not be taken for those of another; addresses are everybody's. */
function usernamePrefixOf({ usernamePrefix, usernameClaim, issuerUrl }: OidcSettings): string {
  if (usernamePrefix === '-') return ''
  if (usernamePrefix !== '' || usernameClaim === 'email') return usernamePrefix
  return `${issuerUrl}#`
}

function algorithmsOf({ signingAlgorithms }: OidcSettings): readonly Algorithm[] {
  return signingAlgorithms.map(text => {
    const known = ALGORITHMS.find(each => each === text)
    if (!known) throw new UserError(`oidc: unsupported signing alg: ${JSON.stringify(text)}`)
    return known
  })
}
