/** An AuthenticationConfiguration (apiserver.config.k8s.io): which issuers of tokens are believed, and who may come without any. */
import { UserError } from '#base/errors.ts'
import {
  decodeConfiguration,
  type FileKind,
  list,
  type Shape,
  struct,
} from '../../configuration/decode.ts'
import { inOneText } from '../../configuration/field-errors.ts'
import { prepareClaimExpressions } from './expressions.ts'
import { anonymousErrors, jwtErrors } from './validation.ts'

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtAuthenticator[]
  readonly anonymous?: Anonymous
}

export interface Anonymous {
  readonly enabled: boolean
  /** Paths, exactly these, where nobody needs a name; everywhere where there are none. */
  readonly conditions?: readonly { readonly path?: string }[]
}

export interface JwtAuthenticator {
  readonly issuer: Issuer
  readonly claimValidationRules?: readonly ClaimValidationRule[]
  readonly claimMappings: ClaimMappings
  readonly userValidationRules?: readonly UserValidationRule[]
}

export interface Issuer {
  readonly url: string
  readonly discoveryURL?: string
  /** PEM; the authorities of the system where it is not given. */
  readonly certificateAuthority?: string
  readonly audiences: readonly string[]
  readonly audienceMatchPolicy?: string
  readonly egressSelectorType?: string
}

export interface ClaimValidationRule {
  readonly claim?: string
  readonly requiredValue?: string
  readonly expression?: string
  readonly message?: string
}

export interface UserValidationRule {
  readonly expression?: string
  readonly message?: string
}

export interface PrefixedClaimOrExpression {
  readonly claim?: string
  readonly prefix?: string
  readonly expression?: string
}

export interface ClaimMappings {
  readonly username: PrefixedClaimOrExpression
  readonly groups?: PrefixedClaimOrExpression
  readonly uid?: { readonly claim?: string; readonly expression?: string }
  readonly extra?: readonly ExtraMapping[]
}

export interface ExtraMapping {
  readonly key: string
  readonly valueExpression: string
}

const MAPPING: Readonly<Record<string, Shape>> = {
  claim: 'text',
  prefix: 'text',
  expression: 'text',
}
const FILE: FileKind = {
  kind: 'AuthenticationConfiguration',
  versions: [
    'apiserver.config.k8s.io/v1alpha1',
    'apiserver.config.k8s.io/v1beta1',
    'apiserver.config.k8s.io/v1',
  ],
  others: ['AuthorizationConfiguration', 'EncryptionConfiguration'],
  fields: {
    jwt: list(
      struct('JWTAuthenticator', {
        issuer: struct('Issuer', {
          url: 'text',
          discoveryURL: 'text',
          certificateAuthority: 'text',
          audiences: list('text'),
          audienceMatchPolicy: 'text',
          egressSelectorType: 'text',
        }),
        claimValidationRules: list(
          struct('ClaimValidationRule', {
            claim: 'text',
            requiredValue: 'text',
            expression: 'text',
            message: 'text',
          }),
        ),
        claimMappings: struct('ClaimMappings', {
          username: struct('PrefixedClaimOrExpression', MAPPING),
          groups: struct('PrefixedClaimOrExpression', MAPPING),
          uid: struct('ClaimOrExpression', { claim: 'text', expression: 'text' }),
          extra: list(struct('ExtraMapping', { key: 'text', valueExpression: 'text' })),
        }),
        userValidationRules: list(
          struct('UserValidationRule', { expression: 'text', message: 'text' }),
        ),
      }),
    ),
    anonymous: struct('AnonymousAuthConfig', {
      enabled: 'bool',
      conditions: list(struct('AnonymousAuthCondition', { path: 'text' })),
    }),
  },
}

/** `file` is for messages. Rejects with a UserError. */
export async function parseAuthenticationConfiguration(
  bytes: Uint8Array,
  file: string,
): Promise<AuthenticationConfiguration> {
  const failed = (why: string) =>
    new UserError(
      `failed to load authentication configuration from file ${JSON.stringify(file)}: ${why}`,
    )
  if (bytes.length === 0) throw failed('empty config data')
  let raw: Record<string, unknown>
  try {
    raw = decodeConfiguration(bytes, FILE)
  } catch (error) {
    throw error instanceof UserError ? failed(error.message) : error
  }
  return judgedConfiguration(completed(raw))
}

/** Rejects with a UserError where something in it makes no sense. */
export async function judgedConfiguration(
  configuration: AuthenticationConfiguration,
): Promise<AuthenticationConfiguration> {
  const { jwt, anonymous } = configuration
  // The engine of expressions is large, and many a configuration has none.
  await prepareClaimExpressions(jwt)
  const errors = [...jwtErrors(jwt), ...anonymousErrors(anonymous)]
  if (errors.length > 0)
    throw new UserError(`invalid authentication configuration: ${inOneText(errors)}`)
  return configuration
}

type Loose = Partial<Omit<JwtAuthenticator, 'issuer' | 'claimMappings'>> & {
  readonly issuer?: Partial<Issuer>
  readonly claimMappings?: Partial<ClaimMappings>
}

function completed(raw: Record<string, unknown>): AuthenticationConfiguration {
  const { jwt, anonymous } = raw as { jwt?: (Loose | null)[] | null; anonymous?: Anonymous | null }
  return {
    jwt: (jwt ?? []).map(each => {
      const { issuer, claimMappings, ...rest } = each ?? {}
      return {
        ...rest,
        issuer: { ...issuer, url: issuer?.url ?? '', audiences: issuer?.audiences ?? [] },
        claimMappings: { ...claimMappings, username: claimMappings?.username ?? {} },
      }
    }),
    ...(anonymous ? { anonymous: { ...anonymous, enabled: anonymous.enabled ?? false } } : {}),
  }
}
