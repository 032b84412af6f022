/** What the flags about who may come in ask for. */
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'

/** As upstream's flags describe it; all of it may be left out. */
export interface AuthenticationSettings {
  /** An AuthenticationConfiguration (apiserver.config.k8s.io/v1); changes of the file count at once. */
  readonly configFile?: string
  /** One issuer of tokens, instead of a file. */
  readonly oidc?: OidcSettings
  /** Whether requests without any credential are served; true by default, and not to be said where the file does. */
  readonly anonymousAuth?: boolean
  /** What this API server calls itself in tokens; the issuer of its own tokens by default. */
  readonly apiAudiences?: readonly string[]
  /** Lines of token, user name, uid and groups. */
  readonly tokenFile?: string
  readonly webhook?: TokenWebhookSettings
}

export interface OidcSettings {
  readonly issuerUrl: string
  readonly clientId: string
  readonly caFile?: string
  readonly usernameClaim: string
  /** `-` for none at all; else one is made of the issuer where it is empty. */
  readonly usernamePrefix: string
  readonly groupsClaim: string
  readonly groupsPrefix: string
  readonly signingAlgorithms: readonly string[]
  readonly requiredClaims: ReadonlyMap<string, string>
}

/** Somebody else who knows tokens, asked by TokenReviews. */
export interface TokenWebhookSettings {
  /** A kubeconfig that says where. */
  readonly configFile: string
  readonly version?: 'v1' | 'v1beta1'
  /** How long its answers are remembered; two minutes by default. */
  readonly cacheTtlMs?: number
}

type Values = Pick<
  ValuesOf<'apiserver'>,
  | 'authenticationConfig'
  | 'anonymousAuth'
  | 'apiAudiences'
  | 'tokenAuthFile'
  | Extract<keyof ValuesOf<'apiserver'>, `oidc${string}` | `authenticationTokenWebhook${string}`>
>

/** Nothing where the flags ask for nothing. Throws a UserError. */
export function authenticationOptionsOf(values: Values): {
  readonly authentication?: AuthenticationSettings
} {
  const oidc = oidcOf(values)
  const { authenticationConfig: configFile, anonymousAuth, apiAudiences, tokenAuthFile } = values
  if (configFile !== undefined && oidc)
    throw new UserError('authentication-config file and oidc-* flags are mutually exclusive')
  const webhook = webhookOf(values)
  const settings: AuthenticationSettings = {
    ...(configFile === undefined ? {} : { configFile }),
    ...(oidc ? { oidc: wholeOf(oidc) } : {}),
    ...(anonymousAuth === undefined ? {} : { anonymousAuth }),
    ...(apiAudiences ? { apiAudiences } : {}),
    ...(tokenAuthFile === undefined ? {} : { tokenFile: tokenAuthFile }),
    ...(webhook ? { webhook } : {}),
  }
  return Object.keys(settings).length > 0 ? { authentication: settings } : {}
}

type Oidc = Pick<Values, Extract<keyof Values, `oidc${string}`>>

/** Undefined where none of its flags is set. */
function oidcOf(values: Values): Oidc | undefined {
  const own = Object.entries(values).filter(([name]) => name.startsWith('oidc'))
  return own.some(([, value]) => value !== undefined) ? values : undefined
}

function wholeOf(oidc: Oidc): OidcSettings {
  const { oidcIssuerUrl: issuerUrl, oidcClientId: clientId, oidcCaFile: caFile } = oidc
  if (issuerUrl === undefined || clientId === undefined)
    throw new UserError(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    )
  return {
    issuerUrl,
    clientId,
    ...(caFile === undefined ? {} : { caFile }),
    usernameClaim: oidc.oidcUsernameClaim ?? 'sub',
    usernamePrefix: oidc.oidcUsernamePrefix ?? '',
    groupsClaim: oidc.oidcGroupsClaim ?? '',
    groupsPrefix: oidc.oidcGroupsPrefix ?? '',
    signingAlgorithms: oidc.oidcSigningAlgs ?? ['RS256'],
    requiredClaims: oidc.oidcRequiredClaim ?? new Map(),
  }
}

function webhookOf(values: Values): TokenWebhookSettings | undefined {
  const {
    authenticationTokenWebhookConfigFile: configFile,
    authenticationTokenWebhookVersion: version,
    authenticationTokenWebhookCacheTtlMs: cacheTtlMs,
  } = values
  return configFile === undefined ? undefined : { configFile, version, cacheTtlMs }
}
