/** Reads CredentialProviderConfig, kubelet.config.k8s.io/v1, strictly. Pure. */
import { decodeShape } from '#api/machinery/decode.ts'
import { parseDuration } from '#api/machinery/duration.ts'
import {
  boolean,
  duration,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '#api/machinery/schema.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import { messageOf, UserError } from '#base/errors.ts'

const v1 = (name: string) => `io.k8s.kubelet.config.v1.${name}`
const texts = () => list(undefined, string())

const variable = shape(v1('ExecEnvVar'), 'A variable of a program.', {
  name: string().always(),
  value: string().always(),
})
const tokenAttributes = shape(v1('ServiceAccountTokenAttributes'), 'Which tokens a program gets.', {
  serviceAccountTokenAudience: string().always(),
  cacheType: string().always(),
  requireServiceAccount: boolean().optional(),
  requiredServiceAccountAnnotationKeys: texts(),
  optionalServiceAccountAnnotationKeys: texts(),
})
const provider = shape(v1('CredentialProvider'), 'A program that knows how to pull images.', {
  name: string().always(),
  matchImages: texts(),
  defaultCacheDuration: duration().optional(),
  apiVersion: string().always(),
  args: texts(),
  env: list(undefined, variable),
  tokenAttributes: struct(undefined, tokenAttributes).optional(),
})
const configuration = shape(v1('CredentialProviderConfig'), 'Programs that know credentials.', {
  apiVersion: string(),
  kind: string(),
  providers: list(undefined, provider),
})

type ProviderFile = ValueOfShape<typeof provider>

export interface ProviderSettings {
  readonly name: string
  readonly matchImages: readonly string[]
  readonly defaultCacheMs: number
  readonly apiVersion: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly token: TokenSettings | undefined
}

export interface TokenSettings {
  readonly audience: string
  /** What answers are remembered by: each token, or each service account. */
  readonly cacheType: 'Token' | 'ServiceAccount'
  readonly isRequired: boolean
  readonly requiredAnnotations: readonly string[]
  readonly optionalAnnotations: readonly string[]
}

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map(v => `kubelet.config.k8s.io/${v}`)
const PLUGIN_API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map(
  v => `credentialprovider.kubelet.k8s.io/${v}`,
)

/** Throws a UserError that names what is wrong. */
export function readProviders(text: Uint8Array, path: string): readonly ProviderSettings[] {
  const failed = (why: string) => new UserError(`the credential providers of ${path}: ${why}`)
  try {
    const raw = parseYaml(text) as { apiVersion?: unknown; kind?: unknown } | undefined
    if (raw?.kind !== 'CredentialProviderConfig' || !API_VERSIONS.includes(String(raw.apiVersion)))
      throw new Error(`it must be a CredentialProviderConfig of ${API_VERSIONS[0]}`)
    const { value, unknownFields } = decodeShape(configuration, raw)
    if (unknownFields.length > 0)
      throw new Error(
        `strict decoding error: ${unknownFields.map(field => `unknown field ${JSON.stringify(field)}`).join(', ')}`,
      )
    const { providers = [] } = value as { providers?: readonly ProviderFile[] }
    if (providers.length === 0) throw new Error('providers: at least 1 item is required')
    const names = new Set<string>()
    return providers.map((each, index) => {
      const settings = complete(each, `providers[${index}]`)
      if (names.has(each.name))
        throw new Error(`providers[${index}].name: "${each.name}" is there twice`)
      names.add(each.name)
      return settings
    })
  } catch (error) {
    throw failed(messageOf(error))
  }
}

function complete(file: ProviderFile, at: string): ProviderSettings {
  const { name, matchImages = [], defaultCacheDuration, apiVersion, args = [], env = [] } = file
  if (!name || /[/\s]/.test(name) || name === '.' || name === '..')
    throw new Error(`${at}.name: it must be the name of a program, not "${name}"`)
  if (matchImages.length === 0) throw new Error(`${at}.matchImages: at least 1 item is required`)
  for (const image of matchImages)
    if (!image || /\s/.test(image)) throw new Error(`${at}.matchImages: "${image}" is no image`)
  if (defaultCacheDuration === undefined) throw new Error(`${at}.defaultCacheDuration is required`)
  if (!PLUGIN_API_VERSIONS.includes(apiVersion))
    throw new Error(
      `${at}.apiVersion: it must be one of ${PLUGIN_API_VERSIONS.join(', ')}, not "${apiVersion}"`,
    )
  const defaultCacheMs = Number(parseDuration(String(defaultCacheDuration)) / 1_000_000n)
  if (defaultCacheMs < 0) throw new Error(`${at}.defaultCacheDuration must not be negative`)
  return {
    ...{ name, matchImages, defaultCacheMs, apiVersion, args },
    env: Object.fromEntries(env.map(each => [each.name, each.value])),
    token: tokenOf(file, `${at}.tokenAttributes`),
  }
}

function tokenOf(
  { tokenAttributes, apiVersion }: ProviderFile,
  at: string,
): TokenSettings | undefined {
  if (!tokenAttributes) return undefined
  if (apiVersion !== PLUGIN_API_VERSIONS[0])
    throw new Error(`${at}: only programs of ${PLUGIN_API_VERSIONS[0]} get tokens`)
  const {
    serviceAccountTokenAudience: audience,
    cacheType,
    requireServiceAccount,
  } = tokenAttributes
  if (!audience) throw new Error(`${at}.serviceAccountTokenAudience is required`)
  if (cacheType !== 'Token' && cacheType !== 'ServiceAccount')
    throw new Error(`${at}.cacheType must be Token or ServiceAccount, not "${cacheType}"`)
  if (requireServiceAccount === undefined)
    throw new Error(`${at}.requireServiceAccount is required`)
  const { requiredServiceAccountAnnotationKeys: requiredAnnotations = [] } = tokenAttributes
  if (!requireServiceAccount && requiredAnnotations.length > 0)
    throw new Error(
      `${at}.requiredServiceAccountAnnotationKeys: there must be none where requireServiceAccount is false`,
    )
  const { optionalServiceAccountAnnotationKeys: optionalAnnotations = [] } = tokenAttributes
  return {
    audience,
    cacheType,
    isRequired: requireServiceAccount,
    requiredAnnotations,
    optionalAnnotations,
  }
}
