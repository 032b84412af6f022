/** An AuthorizationConfiguration (apiserver.config.k8s.io): who is asked about rights, in which order. Read strictly, judged in upstream's words. */
import { formatDuration, parseDuration } from '#api/machinery/duration.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  required,
  tooMany,
} from '#api/machinery/field-error.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { UserError } from '#base/errors.ts'
import { decodeConfiguration, type FileKind, list, struct } from '../configuration/decode.ts'
import { inOneText } from '../configuration/field-errors.ts'
import { MODES, type Mode } from './modes.ts'
import { conditionProblem, prepareMatchConditions } from './webhook/match-conditions.ts'

export type ConfiguredAuthorizer =
  | { readonly type: Exclude<Mode, 'Webhook'>; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookConfiguration }

export interface WebhookConfiguration {
  readonly timeoutMs: number
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  readonly version: 'v1' | 'v1beta1'
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** A kubeconfig; undefined for the server itself, as pods see it. */
  readonly kubeConfigFile: string | undefined
  readonly matchConditions: readonly string[]
}

const FILE: FileKind = {
  kind: 'AuthorizationConfiguration',
  versions: [
    'apiserver.config.k8s.io/v1alpha1',
    'apiserver.config.k8s.io/v1beta1',
    'apiserver.config.k8s.io/v1',
  ],
  others: ['AuthenticationConfiguration', 'EncryptionConfiguration'],
  fields: {
    authorizers: list(
      struct('AuthorizerConfiguration', {
        type: 'text',
        name: 'text',
        webhook: struct('WebhookConfiguration', {
          authorizedTTL: 'duration',
          cacheAuthorizedRequests: 'bool',
          unauthorizedTTL: 'duration',
          cacheUnauthorizedRequests: 'bool',
          timeout: 'duration',
          subjectAccessReviewVersion: 'text',
          matchConditionSubjectAccessReviewVersion: 'text',
          failurePolicy: 'text',
          connectionInfo: struct('WebhookConnectionInfo', {
            type: 'text',
            kubeConfigFile: 'text',
          }),
          matchConditions: list(struct('WebhookMatchCondition', { expression: 'text' })),
        }),
      }),
    ),
  },
}

interface Raw {
  readonly type?: string
  readonly name?: string
  readonly webhook?: RawWebhook | null
}

interface RawWebhook {
  readonly authorizedTTL?: string
  readonly cacheAuthorizedRequests?: boolean | null
  readonly unauthorizedTTL?: string
  readonly cacheUnauthorizedRequests?: boolean | null
  readonly timeout?: string
  readonly subjectAccessReviewVersion?: string
  readonly matchConditionSubjectAccessReviewVersion?: string
  readonly failurePolicy?: string
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string | null }
  readonly matchConditions?: readonly { readonly expression?: string }[] | null
}

/** Says why a path is no file that can be read; undefined where it is one. */
export type Look = (path: string) => string | undefined

const DEFAULT_AUTHORIZED_TTL = '5m'
const DEFAULT_UNAUTHORIZED_TTL = '30s'
const MAXIMUM_TIMEOUT_MS = 30_000
const MAXIMUM_CONDITIONS = 64

/** Rejects with a UserError. */
export async function parseAuthorizationConfiguration(
  bytes: Uint8Array,
  look: Look,
): Promise<readonly ConfiguredAuthorizer[]> {
  const authorizers = bytes.length === 0 ? [] : decoded(bytes)
  if (authorizers.some(({ webhook }) => webhook?.matchConditions?.length))
    await prepareMatchConditions()
  const errors = configurationErrors(authorizers, look)
  if (errors.length > 0) throw new UserError(inOneText(errors))
  return authorizers.map(authorizerOf)
}

function decoded(bytes: Uint8Array): readonly Raw[] {
  try {
    const { authorizers } = decodeConfiguration(bytes, FILE)
    return ((authorizers as (Raw | null)[] | null | undefined) ?? []).map(each => each ?? {})
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`failed to load AuthorizationConfiguration from file: ${error.message}`)
  }
}

function authorizerOf({ type, name = '', webhook }: Raw): ConfiguredAuthorizer {
  if (type !== 'Webhook') {
    const expected = String(type).toLowerCase()
    if (name !== expected)
      throw new UserError(`expected name ${expected} for authorizer ${type} instead of ${name}`)
    return { type: type as Exclude<Mode, 'Webhook'>, name }
  }
  const { connectionInfo = {}, matchConditions } = webhook ?? {}
  const ttl = (text: string | undefined, fallback: string, isCached?: boolean | null) =>
    isCached === false ? 0 : millisecondsIn(text ?? fallback)
  return {
    type,
    name,
    webhook: {
      timeoutMs: millisecondsIn(webhook?.timeout),
      authorizedTtlMs: ttl(
        webhook?.authorizedTTL,
        DEFAULT_AUTHORIZED_TTL,
        webhook?.cacheAuthorizedRequests,
      ),
      unauthorizedTtlMs: ttl(
        webhook?.unauthorizedTTL,
        DEFAULT_UNAUTHORIZED_TTL,
        webhook?.cacheUnauthorizedRequests,
      ),
      version: webhook?.subjectAccessReviewVersion as 'v1' | 'v1beta1',
      failurePolicy: webhook?.failurePolicy as 'NoOpinion' | 'Deny',
      kubeConfigFile:
        connectionInfo.type === 'KubeConfigFile'
          ? (connectionInfo.kubeConfigFile ?? undefined)
          : undefined,
      matchConditions: (matchConditions ?? []).map(({ expression = '' }) => expression),
    },
  }
}

const millisecondsIn = (text = '0s') => Number(parseDuration(text) / 1_000_000n)

function configurationErrors(authorizers: readonly Raw[], look: Look): readonly FieldError[] {
  if (authorizers.length === 0)
    return [required('authorizers', 'at least one authorization mode must be defined')]
  const types = new Set<string>()
  const names = new Set<string>()
  return authorizers.flatMap(({ type = '', name = '', webhook }, i) => {
    const at = `authorizers[${i}]`
    if (type === '') return [required(`${at}.type`)]
    if (!MODES.some(mode => mode === type)) return [notSupported(`${at}.type`, type, MODES)]
    if (types.has(type) && type !== 'Webhook') return [duplicate(`${at}.type`, type)]
    types.add(type)
    const errors = nameErrors(name, `${at}.name`, names)
    names.add(name)
    if (type === 'Webhook')
      return [
        ...errors,
        ...(webhook
          ? webhookErrors(webhook, at, look)
          : [required(`${at}.webhook`, 'required when type=Webhook')]),
      ]
    return webhook
      ? [...errors, invalid(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook')]
      : errors
  })
}

function nameErrors(name: string, field: string, names: ReadonlySet<string>): FieldError[] {
  if (name === '') return [required(field)]
  if (names.has(name)) return [duplicate(field, name)]
  const wrong = isDns1123Subdomain(name)
  return wrong.length > 0
    ? [invalid(field, name, `authorizer name is invalid: ${wrong.join(', ')}`)]
    : []
}

function webhookErrors(webhook: RawWebhook, at: string, look: Look): FieldError[] {
  const oneOf = (field: string, value: string | undefined, known: readonly string[]) => {
    if (!value) return [required(`${at}.${field}`)]
    return known.includes(value) ? [] : [notSupported(`${at}.${field}`, value, known)]
  }
  const conditions = webhook.matchConditions ?? []
  const { matchConditionSubjectAccessReviewVersion: seen = '' } = webhook
  const ofSeen = `${at}.matchConditionSubjectAccessReviewVersion`
  return [
    ...durationErrors(
      `${at}.timeout`,
      webhook.timeout ?? '0s',
      'must be > 0s and <= 30s',
      MAXIMUM_TIMEOUT_MS,
    ),
    ...durationErrors(
      `${at}.authorizedTTL`,
      webhook.authorizedTTL ?? DEFAULT_AUTHORIZED_TTL,
      'must be > 0s',
    ),
    ...durationErrors(
      `${at}.unauthorizedTTL`,
      webhook.unauthorizedTTL ?? DEFAULT_UNAUTHORIZED_TTL,
      'must be > 0s',
    ),
    ...oneOf('subjectAccessReviewVersion', webhook.subjectAccessReviewVersion, ['v1', 'v1beta1']),
    ...(seen === '' && conditions.length > 0
      ? [required(ofSeen, 'required if match conditions are specified')]
      : []),
    ...(seen !== '' && seen !== 'v1' ? [notSupported(ofSeen, seen, ['v1'])] : []),
    ...oneOf('failurePolicy', webhook.failurePolicy, ['NoOpinion', 'Deny']),
    ...connectionErrors(webhook.connectionInfo ?? {}, `${at}.connectionInfo`, look),
    ...conditionErrors(conditions, `${at}.matchConditions`),
  ]
}

function durationErrors(
  field: string,
  text: string,
  wish: string,
  maximumMs = Number.POSITIVE_INFINITY,
): FieldError[] {
  const nanos = parseDuration(text)
  if (nanos === 0n) return [required(field)]
  const ms = Number(nanos) / 1_000_000
  return ms < 0 || ms > maximumMs ? [invalid(field, formatDuration(nanos), wish)] : []
}

const CONNECTIONS = ['InClusterConfig', 'KubeConfigFile']

function connectionErrors(
  { type = '', kubeConfigFile }: NonNullable<RawWebhook['connectionInfo']>,
  at: string,
  look: Look,
): FieldError[] {
  const field = `${at}.kubeConfigFile`
  if (type === '') return [required(`${at}.type`)]
  if (type === 'InClusterConfig')
    return kubeConfigFile === undefined || kubeConfigFile === null
      ? []
      : [invalid(field, kubeConfigFile, 'can only be set when type=KubeConfigFile')]
  if (type !== 'KubeConfigFile')
    return [
      notSupported(
        `${at}.type`,
        { Type: type, KubeConfigFile: kubeConfigFile ?? null },
        CONNECTIONS,
      ),
    ]
  if (!kubeConfigFile) return [required(field)]
  if (!kubeConfigFile.startsWith('/'))
    return [invalid(field, kubeConfigFile, 'must be an absolute path')]
  const why = look(kubeConfigFile)
  return why === undefined ? [] : [invalid(field, kubeConfigFile, why)]
}

function conditionErrors(
  conditions: readonly { readonly expression?: string }[],
  at: string,
): FieldError[] {
  if (conditions.length > MAXIMUM_CONDITIONS)
    return [tooMany(at, conditions.length, MAXIMUM_CONDITIONS)]
  const seen = new Set<string>()
  return conditions.flatMap(({ expression = '' }, i) => {
    const field = `${at}[${i}].expression`
    if (expression.trim() === '') return [required(field)]
    if (seen.has(expression)) return [duplicate(field, expression)]
    seen.add(expression)
    const why = conditionProblem(expression)
    return why === undefined ? [] : [invalid(field, expression, why)]
  })
}
