/** Puts together who may come in and what they may do, from the parts in authentication/, authorization/ and admission/. */
import type { Secret } from '#api/core/v1/secret.ts'
import type { Clock } from '#base/clock.ts'
import { type FeatureGates, isGateOn } from '#base/feature-gates.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Random } from '#base/random.ts'
import type { AdmissionStep } from './admission/admission.ts'
import type { TolerationSeconds } from './admission/default-toleration-seconds.ts'
import type { PluginConfiguration } from './admission/plugin-configuration.ts'
import { createAdmissionSteps } from './admission/steps.ts'
import type { WebhookWorld } from './admission/webhooks/world.ts'
import { type AnonymousRule, authentication } from './authentication/authentication.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import { bearerTokenAuthenticator, type TokenVerifier } from './authentication/bearer-tokens.ts'
import { bootstrapTokens } from './authentication/bootstrap-tokens.ts'
import { clientCertificateAuthenticator } from './authentication/client-certificates.ts'
import { authenticationFigures } from './authentication/figures.ts'
import {
  type FrontProxyOptions,
  frontProxyAuthenticator,
  privateHeaders,
} from './authentication/front-proxy.ts'
import type { ImpersonationOptions } from './authentication/impersonation.ts'
import { impersonationFigures } from './authentication/impersonation-figures.ts'
import type { TokenKeys } from './authentication/jwt.ts'
import { legacyTokens } from './authentication/legacy-tokens.ts'
import {
  DEFAULT_ISSUER,
  type ServiceAccountTokens,
  serviceAccountTokens,
} from './authentication/service-account-tokens.ts'
import { alwaysAllow } from './authorization/always.ts'
import { type Authorizer, unionAuthorizer } from './authorization/authorizer.ts'
import { nodeRules } from './authorization/bootstrap-system-roles.ts'
import { type AuthorizationFigures, authorizationFigures } from './authorization/figures.ts'
import { nodeAuthorizer } from './authorization/node.ts'
import { rbacAuthorizer } from './authorization/rbac.ts'
import { superuserAuthorizer } from './authorization/superuser.ts'
import type { ServerEvents } from './bootstrap/server-events.ts'
import type { World } from './world.ts'

export interface SecurityOptions {
  /** PEM of the authorities whose client certificates make users. */
  readonly clientAuthorities?: readonly string[]
  /** Proxies that may say in headers who asks. */
  readonly frontProxies?: Omit<FrontProxyOptions, 'clock'>
  /** Keys of service account tokens. Without any there are no such tokens. */
  readonly serviceAccountKeys?: TokenKeys
  readonly serviceAccountIssuer?: string
  readonly apiAudiences?: readonly string[]
  /** Whether the Secrets of bootstrap tokens let nodes in; upstream's --enable-bootstrap-token-auth. */
  readonly bootstrapTokenAuth?: boolean
  /** Further verifiers of bearer tokens, e.g. `staticTokens`. */
  readonly tokenVerifiers?: readonly TokenVerifier[]
  /** Asked about tokens that none of those, and no service account, knows. */
  readonly furtherTokenVerifiers?: readonly TokenVerifier[]
  /** Asked after certificates and tokens. */
  readonly authenticators?: readonly Authenticator[]
  readonly anonymousAuth?: boolean | AnonymousRule
  /** `RBAC` (with the node authorizer) unless tests want everything allowed. */
  readonly authorizationMode?: 'RBAC' | 'AlwaysAllow'
  /** Who is asked about rights behind the administrators' group, instead of the node authorizer and RBAC. */
  readonly authorizerOver?: (builtIn: BuiltInAuthorizers) => Authorizer
  /** Replaces the authorizers altogether. */
  readonly authorizer?: Authorizer
  /** Admission plugins that are on beside the usual ones, and that are off, by upstream's names. */
  readonly enabledAdmission?: ReadonlySet<string>
  readonly disabledAdmission?: ReadonlySet<string>
  /** How long pods stay on nodes that are not ready or not heard of, where they do not say; five minutes by default. */
  readonly tolerationSeconds?: TolerationSeconds
  /** What a file says to admission plugins. */
  readonly pluginConfiguration?: PluginConfiguration
  /** Replaces the admission steps altogether. */
  readonly admission?: readonly AdmissionStep[]
}

/** Those that know only what this server has itself. */
export interface BuiltInAuthorizers {
  readonly node: Authorizer
  readonly rbac: Authorizer
  readonly figures: AuthorizationFigures
}

export interface Security {
  readonly authorizationFigures: AuthorizationFigures
  readonly impersonation: Omit<ImpersonationOptions, 'authorizer'>
  readonly authentication: ReturnType<typeof authentication>
  readonly securityFigures: readonly FigureSource[]
  readonly authorizer: Authorizer
  readonly admission: readonly AdmissionStep[]
  readonly tokens: ServiceAccountTokens | undefined
  readonly tokenVerifiers: readonly TokenVerifier[]
  /** Headers that tell this server who asks, and nobody else; undefined where there are none but the standard ones. */
  readonly isPrivateHeader: ((name: string) => boolean) | undefined
}

export interface SecurityParts {
  readonly clock: Clock
  readonly random: Random
  readonly featureGates: FeatureGates
  readonly webhooks?: WebhookWorld
  readonly makeNamespace?: (name: string) => Promise<void>
  /** Told when a token that lives in a Secret was used. */
  readonly tokenUsed: (secret: Secret) => void
  readonly warn?: ServerEvents['warn']
}

export function createSecurity(
  options: SecurityOptions,
  world: World,
  { clock, random, featureGates, webhooks, tokenUsed, makeNamespace, warn }: SecurityParts,
): Security {
  const { clientAuthorities = [], serviceAccountKeys, tokenVerifiers: given = [] } = options
  const ofAuthorization = authorizationFigures(clock)
  const authorizer = options.authorizer ?? authorizerFor(options, world, ofAuthorization)
  const tokens =
    serviceAccountKeys === undefined
      ? undefined
      : serviceAccountTokens({
          keys: serviceAccountKeys,
          ...(options.serviceAccountIssuer ? { issuer: options.serviceAccountIssuer } : {}),
          ...(options.apiAudiences ? { audiences: options.apiAudiences } : {}),
          clock,
          random,
          world,
        })
  const audiences = tokens?.audiences ?? options.apiAudiences ?? [DEFAULT_ISSUER]
  const tokenVerifiers = [
    ...given,
    ...(tokens && serviceAccountKeys
      ? [tokens, legacyTokens({ keys: serviceAccountKeys, audiences, world, used: tokenUsed })]
      : []),
    ...(options.bootstrapTokenAuth
      ? [bootstrapTokens({ secret: world.secret, audiences, clock })]
      : []),
    ...(options.furtherTokenVerifiers ?? []),
  ]
  const authenticators = [
    ...(options.frontProxies ? [frontProxyAuthenticator({ ...options.frontProxies, clock })] : []),
    ...(clientAuthorities.length > 0
      ? [clientCertificateAuthenticator({ authorities: clientAuthorities, clock })]
      : []),
    bearerTokenAuthenticator(tokenVerifiers),
    ...(options.authenticators ?? []),
  ]
  const figures = authenticationFigures(clock)
  const ofImpersonation = impersonationFigures(clock)
  return {
    authentication: authentication({
      authenticators,
      anonymous: options.anonymousAuth ?? true,
      figures,
    }),
    securityFigures: [figures.source, ofAuthorization.source, ofImpersonation.source],
    authorizationFigures: ofAuthorization,
    impersonation: {
      isConstrained: isGateOn(featureGates, 'ConstrainedImpersonation'),
      figures: ofImpersonation,
    },
    authorizer,
    admission:
      options.admission ??
      createAdmissionSteps(
        {
          ...world,
          authorizer,
          clock,
          random,
          featureGates,
          pluginConfiguration: options.pluginConfiguration,
          tolerationSeconds: options.tolerationSeconds,
          makeNamespace,
          ...(webhooks ? { webhooks } : {}),
          ...(warn ? { warn } : {}),
        },
        options.enabledAdmission,
      ).filter(({ name }) => !options.disabledAdmission?.has(name)),
    tokens,
    tokenVerifiers,
    isPrivateHeader: privateHeaders(options.frontProxies ?? {}),
  }
}

function authorizerFor(
  { authorizationMode: mode, authorizerOver: over }: SecurityOptions,
  world: World,
  figures: AuthorizationFigures,
): Authorizer {
  if (mode === 'AlwaysAllow') return alwaysAllow
  const node = nodeAuthorizer(world, nodeRules)
  const rbac = rbacAuthorizer(world.rbac)
  return unionAuthorizer([
    superuserAuthorizer,
    ...(over
      ? [over({ node, rbac, figures })]
      : [figures.counted('Node', 'node', node), figures.counted('RBAC', 'rbac', rbac)]),
  ])
}
