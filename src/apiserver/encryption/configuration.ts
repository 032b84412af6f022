/** An EncryptionConfiguration (apiserver.config.k8s.io/v1) from its file: read strictly, judged by upstream's rules and in its words. */
import { parseDuration } from '#api/machinery/duration.ts'
import { type FieldError, invalid, required } from '#api/machinery/field-error.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'
import {
  type KmsConfiguration,
  kmsConfigurationOf,
  kmsErrors,
  type RawKms,
  unservedVersion,
} from './kms-configuration.ts'
import { maskedName, resourceErrors } from './resource-names.ts'

export interface EncryptionConfiguration {
  readonly resources: readonly ResourceConfiguration[]
}

export interface ResourceConfiguration {
  /** `secrets`, `ships.example.com`, `*.apps`, `*.` for all of the core group, `*.*` for all. */
  readonly resources: readonly string[]
  /** The first writes, all read. */
  readonly providers: readonly ProviderConfiguration[]
}

export type ProviderConfiguration =
  | { readonly kind: 'identity' }
  | { readonly kind: KeyedProvider; readonly keys: readonly Key[] }
  | KmsConfiguration

export type { KmsConfiguration } from './kms-configuration.ts'
export type KeyedProvider = keyof typeof KEY_SIZES

export interface Key {
  readonly name: string
  readonly secret: Uint8Array
}

/** In bytes. */
const KEY_SIZES = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const
const PROVIDERS = [...Object.keys(KEY_SIZES), 'identity', 'kms']
const API_VERSION = 'apiserver.config.k8s.io/v1'
const KIND = 'EncryptionConfiguration'

/** `file` is for messages. Throws a UserError. */
export function parseEncryptionConfiguration(
  bytes: Uint8Array,
  file: string,
): EncryptionConfiguration {
  if (bytes.length === 0)
    throw new UserError(`encryption provider configuration file ${quoted(file)} is empty`)
  const raw = decoded(bytes, file)
  const errors = validate(raw)
  if (errors.length === 0) {
    const unserved = unservedIn(raw)
    if (unserved) throw new UserError(`error while building transformers: ${unserved}`)
    const configuration = configurationOf(raw)
    const masked = maskedName(configuration.resources.flatMap(({ resources }) => resources))
    if (masked) throw new UserError(`error while building transformers: ${masked}`)
    return configuration
  }
  const texts = errors.map(({ field, message }) => `${field}: ${message}`)
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  throw new UserError(`error while parsing file: ${all}`)
}

const quoted = (text: string) => JSON.stringify(text)

interface Raw {
  readonly resources?: readonly RawResource[]
}
interface RawResource {
  readonly resources?: readonly string[]
  readonly providers?: readonly RawProvider[]
}
type RawProvider = Readonly<Record<string, RawKeys | null>> & { readonly kms?: RawKms | null }
interface RawKeys {
  readonly keys?: readonly RawKey[]
}
interface RawKey {
  readonly name?: string
  readonly secret?: string
}

function decoded(bytes: Uint8Array, file: string): Raw {
  const failed = (why: string) =>
    new UserError(`error decoding encryption provider configuration file ${quoted(file)}: ${why}`)
  let value: unknown
  try {
    value = parseYaml(bytes)
  } catch (error) {
    throw failed(messageOf(error))
  }
  if (!isPlainObject(value)) throw failed('it is no object')
  const { kind, apiVersion } = value
  if (kind !== KIND || apiVersion !== API_VERSION)
    throw failed(
      `no kind ${quoted(String(kind))} is registered for version ${quoted(String(apiVersion))}`,
    )
  const unknown = strangersIn(value, ROOT, '')
  if (unknown.length > 0)
    throw failed(
      `strict decoding error: ${unknown.map(each => `unknown field ${quoted(each)}`).join(', ')}`,
    )
  if (!hasShape(value, ROOT)) throw failed('a field has a value of the wrong type')
  return value as Raw
}

/** What may stand where: a list of it, an object of these fields, or text. */
type Shape =
  | 'text'
  | 'integer'
  | 'duration'
  | 'any'
  | readonly [Shape]
  | { readonly [field: string]: Shape }

const KEYS: Shape = { keys: [{ name: 'text', secret: 'text' }] }
const KMS: Shape = {
  apiVersion: 'text',
  name: 'text',
  cachesize: 'integer',
  endpoint: 'text',
  timeout: 'duration',
}
const ROOT: Shape = {
  apiVersion: 'text',
  kind: 'text',
  resources: [
    {
      resources: ['text'],
      providers: [{ aesgcm: KEYS, aescbc: KEYS, secretbox: KEYS, identity: {}, kms: KMS }],
    },
  ],
}

function strangersIn(value: unknown, shape: Shape, at: string): string[] {
  if (typeof shape === 'string') return []
  if (isList(shape))
    return Array.isArray(value)
      ? value.flatMap((each, i) => strangersIn(each, shape[0], `${at}[${i}]`))
      : []
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([field, part]) => {
    const path = at === '' ? field : `${at}.${field}`
    const known = Object.hasOwn(shape, field) ? shape[field] : undefined
    return known === undefined ? [path] : strangersIn(part, known, path)
  })
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (shape === 'any' || value === null || value === undefined) return true
  if (shape === 'text') return typeof value === 'string'
  if (shape === 'integer') return Number.isSafeInteger(value)
  if (shape === 'duration') return typeof value === 'string' && isDuration(value)
  if (isList(shape)) return Array.isArray(value) && value.every(each => hasShape(each, shape[0]))
  if (!isPlainObject(value)) return false
  return Object.entries(value).every(([field, part]) => hasShape(part, shape[field] ?? 'any'))
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    return false
  }
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)

function validate({ resources }: Raw): FieldError[] {
  if (!resources?.length) return [required('resources', 'at least one resources is required')]
  const plugins = new Set<string>()
  return resources.flatMap(({ resources: names, providers }, i) => {
    const at = `resources[${i}]`
    const errors: FieldError[] = []
    if (!names?.length) errors.push(atLeastOne(`${at}.resources`))
    errors.push(...resourceErrors(names ?? [], `${at}.resources`))
    if (!providers?.length) errors.push(atLeastOne(`${at}.providers`))
    providers?.forEach((provider, j) => {
      errors.push(...providerErrors(provider ?? {}, `${at}.providers[${j}]`, plugins))
    })
    return errors
  })
}

const atLeastOne = (field: string) => required(field, `at least one ${field} is required`)

/** `plugins` has the names of those before. */
function providerErrors(provider: RawProvider, field: string, plugins: Set<string>): FieldError[] {
  const named = PROVIDERS.filter(name => provider[name] !== undefined && provider[name] !== null)
  const [name] = named
  // Of what was given only the names are told: the rest may be secret.
  if (name === undefined)
    return [
      invalid(
        field,
        Object.keys(provider),
        'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
      ),
    ]
  if (named.length > 1)
    return [
      invalid(
        field,
        named,
        'more than one provider specified in a single element, should split into different list elements',
      ),
    ]
  if (name === 'kms') return kmsErrors(provider.kms ?? {}, `${field}.kms`, plugins)
  if (name === 'identity') return []
  const { keys } = provider[name] ?? {}
  const at = `${field}.${name}.keys`
  if (!keys?.length) return [required(at, 'at least one keys is required')]
  return keys.flatMap((key, i) =>
    keyErrors(key ?? {}, `${at}[${i}]`, KEY_SIZES[name as KeyedProvider]),
  )
}

function keyErrors(
  { name, secret }: RawKey,
  field: string,
  sizes: readonly number[],
): FieldError[] {
  const errors: FieldError[] = []
  if (!name) errors.push(required(`${field}.name`, 'name is a mandatory field for a key'))
  const at = `${field}.secret`
  if (!secret) return [...errors, required(at, 'secret is a mandatory field for a key')]
  const bytes = secretIn(secret)
  if (!bytes) return [...errors, invalid(at, 'REDACTED', 'secrets must be base64 encoded')]
  if (!sizes.includes(bytes.length))
    errors.push(
      invalid(
        at,
        'REDACTED',
        `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`,
      ),
    )
  return errors
}

/** Go's decoder passes over line ends. */
function secretIn(text: string): Uint8Array | undefined {
  const plain = text.replace(/[\r\n]/g, '')
  const bytes = Buffer.from(plain, 'base64')
  return bytes.toString('base64') === plain ? bytes : undefined
}

function configurationOf({ resources = [] }: Raw): EncryptionConfiguration {
  return {
    resources: resources.map(({ resources: names = [], providers = [] }) => ({
      resources: names,
      providers: providers.map(providerOf),
    })),
  }
}

function unservedIn({ resources = [] }: Raw): string | undefined {
  return (
    resources
      .flatMap(({ providers = [] }) => providers)
      .map(({ kms }) => kms && unservedVersion(kms))
      .find(why => why) ?? undefined
  )
}

function providerOf(provider: RawProvider): ProviderConfiguration {
  if (provider.kms) return kmsConfigurationOf(provider.kms)
  for (const kind of Object.keys(KEY_SIZES) as KeyedProvider[]) {
    const keys = provider[kind]?.keys
    if (keys)
      return {
        kind,
        keys: keys.map(({ name = '', secret = '' }) => ({
          name,
          secret: secretIn(secret) ?? new Uint8Array(),
        })),
      }
  }
  return { kind: 'identity' }
}
