/** Flags about who may come in, beside certificates and service accounts; upstream's names. Undefined is what nobody said. */
import { UserError } from '#base/errors.ts'
import { durationFlag, type Flag, flag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

const text = (name: string, placeholder: string, doc: string) =>
  textFlag(name, placeholder, doc, undefined)

const VERSIONS = ['v1', 'v1beta1'] as const
export type ReviewVersion = (typeof VERSIONS)[number]

/** In which version a webhook is asked. */
export const reviewVersion = <const F extends ReviewVersion | undefined>(
  name: string,
  doc: string,
  fallback: F,
): Flag<ReviewVersion | F> =>
  flag<ReviewVersion | F>(
    name,
    'VERSION',
    doc,
    given => {
      const known = VERSIONS.find(each => each === given)
      if (!known) throw new UserError(`--${name} wants v1 or v1beta1, not ${JSON.stringify(given)}`)
      return known
    },
    fallback,
  )

/** One a flag, for values may have commas. */
const requiredClaim: Flag<ReadonlyMap<string, string> | undefined> = {
  name: 'oidc-required-claim',
  placeholder: 'KEY=VALUE',
  doc: 'a claim that tokens must have with this value; may be given again',
  fallback: undefined,
  parse: given => {
    const at = given.indexOf('=')
    if (at < 0)
      throw new UserError(
        `invalid argument ${JSON.stringify(given)} for "--oidc-required-claim" flag: malformed pair, expect string=string`,
      )
    return new Map([[given.slice(0, at).trim(), given.slice(at + 1).trim()]])
  },
  join: (before, more) => new Map([...(before ?? []), ...(more ?? [])]),
}

export const authenticationFlags = under('Authentication', {
  authenticationConfig: text(
    'authentication-config',
    'FILE',
    'an AuthenticationConfiguration: whose tokens are believed, and who comes without; read anew when it changes',
  ),
  anonymousAuth: {
    ...switchFlag('anonymous-auth', 'serve requests without credentials (default: true)'),
    fallback: undefined,
  } as Flag<boolean | undefined>,
  apiAudiences: listFlag(
    'api-audiences',
    'LIST',
    'what this API server is called in tokens (default: the issuer of its own)',
    undefined,
  ),
  oidcIssuerUrl: text('oidc-issuer-url', 'URL', 'who issues tokens of OpenID Connect; https alone'),
  oidcClientId: text('oidc-client-id', 'ID', 'whom those tokens must be for'),
  oidcCaFile: text(
    'oidc-ca-file',
    'FILE',
    "the CA that vouches for the issuer (default: the system's)",
  ),
  oidcUsernameClaim: text('oidc-username-claim', 'CLAIM', 'what names the user (default: sub)'),
  oidcUsernamePrefix: text(
    'oidc-username-prefix',
    'TEXT',
    'what such names begin with; - for nothing (default: the issuer, but for email)',
  ),
  oidcGroupsClaim: text('oidc-groups-claim', 'CLAIM', 'what names the groups'),
  oidcGroupsPrefix: text('oidc-groups-prefix', 'TEXT', 'what such groups begin with'),
  oidcSigningAlgs: listFlag(
    'oidc-signing-algs',
    'LIST',
    'how tokens may be signed (default: RS256)',
    undefined,
  ),
  oidcRequiredClaim: requiredClaim,
  tokenAuthFile: text('token-auth-file', 'FILE', 'lines of token, user, uid and groups'),
  authenticationTokenWebhookConfigFile: text(
    'authentication-token-webhook-config-file',
    'FILE',
    'a kubeconfig that says who else knows tokens',
  ),
  authenticationTokenWebhookVersion: reviewVersion(
    'authentication-token-webhook-version',
    'in which version of TokenReview',
    'v1beta1',
  ),
  authenticationTokenWebhookCacheTtlMs: durationFlag(
    'authentication-token-webhook-cache-ttl',
    'how long its answers are remembered',
    2 * 60_000,
  ),
})
