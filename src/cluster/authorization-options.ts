/** What the flags about who may do what ask for. */
import { MODES, type Mode } from '#apiserver/authorization/modes.ts'
import { UserError } from '#base/errors.ts'
import type { ValuesOf } from '#cli'

/** As upstream's flags describe it. */
export interface AuthorizationSettings {
  /** In order; the node authorizer and RBAC by default. */
  readonly modes?: readonly Mode[]
  /** An AuthorizationConfiguration (apiserver.config.k8s.io/v1) instead; changes of the file count at once. */
  readonly configFile?: string
  /** The policies of ABAC. */
  readonly policyFile?: string
  readonly webhook?: AccessWebhookSettings
}

/** Somebody else who decides, asked by SubjectAccessReviews. */
export interface AccessWebhookSettings {
  /** A kubeconfig that says where. */
  readonly configFile: string
  readonly version?: 'v1' | 'v1beta1' | undefined
  /** Five minutes by default. */
  readonly authorizedTtlMs?: number | undefined
  /** Thirty seconds by default. */
  readonly unauthorizedTtlMs?: number | undefined
}

type Values = Pick<
  ValuesOf<'apiserver'>,
  Extract<keyof ValuesOf<'apiserver'>, `authorization${string}`>
>

/** Nothing where the flags ask for nothing. Throws a UserError. */
export function authorizationOptionsOf(values: Values): {
  readonly authorization?: AuthorizationSettings
} {
  const { authorizationConfig: configFile, authorizationPolicyFile: policyFile } = values
  const said = Object.values(values).filter(value => value !== undefined).length
  if (configFile !== undefined) {
    const others = said - (policyFile === undefined ? 1 : 2)
    if (others > 0)
      throw new UserError(
        '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
      )
    return {
      authorization: { configFile, ...(policyFile === undefined ? {} : { policyFile }) },
    }
  }
  const modes = modesOf(values)
  const webhook = webhookOf(values)
  refuseMismatch(modes ?? ['Node', 'RBAC'], policyFile, webhook)
  if (!modes) return {}
  return {
    authorization: {
      modes,
      ...(policyFile === undefined ? {} : { policyFile }),
      ...(webhook ? { webhook } : {}),
    },
  }
}

function modesOf({ authorizationMode: given }: Values): readonly Mode[] | undefined {
  const modes = given?.map(text => {
    const mode = MODES.find(each => each === text)
    if (!mode) throw new UserError(`authorization-mode ${JSON.stringify(text)} is not a valid mode`)
    return mode
  })
  if (modes && new Set(modes).size < modes.length)
    throw new UserError(
      `authorization-mode [${modes.map(each => JSON.stringify(each)).join(' ')}] has mode specified more than once`,
    )
  return modes
}

function webhookOf(values: Values): AccessWebhookSettings | undefined {
  const { authorizationWebhookConfigFile: configFile } = values
  if (configFile === undefined) return undefined
  return {
    configFile,
    version: values.authorizationWebhookVersion,
    authorizedTtlMs: values.authorizationWebhookCacheAuthorizedTtlMs,
    unauthorizedTtlMs: values.authorizationWebhookCacheUnauthorizedTtlMs,
  }
}

function refuseMismatch(
  modes: readonly Mode[],
  policyFile: string | undefined,
  webhook: AccessWebhookSettings | undefined,
): void {
  const has = (mode: Mode) => modes.includes(mode)
  const wrong: string[] = []
  if (has('ABAC') && policyFile === undefined)
    wrong.push("authorization-mode ABAC's authorization policy file not passed")
  if (has('Webhook') && !webhook)
    wrong.push("authorization-mode Webhook's authorization config file not passed")
  if (!has('ABAC') && policyFile !== undefined)
    wrong.push('cannot specify --authorization-policy-file without mode ABAC')
  if (!has('Webhook') && webhook)
    wrong.push('cannot specify --authorization-webhook-config-file without mode Webhook')
  if (wrong.length > 0)
    throw new UserError(wrong.length === 1 ? `${wrong[0]}` : `[${wrong.join(', ')}]`)
}
