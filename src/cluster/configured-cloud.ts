/** The cloud provider that `--cloud-provider` and `--cloud-config` name: one that is built in, or one's own, as a file. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseDuration } from '#api/machinery/duration.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { CloudProvider, Offer } from '#cloud'
import { systemFiles } from '#host/files.ts'

export interface CloudWanted {
  readonly name: string
  /** YAML. */
  readonly configFile: string | undefined
}

/** What a provider may use instead of the machine's own. */
export interface CloudSurroundings {
  readonly clock: Clock
  readonly log: Log
}

export type CloudConfiguration = Readonly<Record<string, unknown>>

/** Default export of a provider's file. */
export interface CloudProviderEntry {
  readonly name: string
  readonly create: (
    configuration: CloudConfiguration,
    surroundings: CloudSurroundings,
  ) => CloudProvider | Promise<CloudProvider>
}

/** Providers by name that only the composition root knows. */
export type BuiltInClouds = Readonly<Record<string, CloudProviderEntry['create']>>

const PROVIDER_FILE = 'providerFile'

/** Throws a UserError: for a name that nobody has, and for a configuration that makes no sense. */
export async function configuredCloud(
  { name, configFile }: CloudWanted,
  builtIn: BuiltInClouds,
  surroundings: CloudSurroundings,
): Promise<CloudProvider> {
  if (name === '') throw new UserError('--cloud-provider cannot be empty')
  const configuration = configFile === undefined ? {} : configurationIn(configFile)
  const create = await factoryOf(name, configFile, configuration, builtIn)
  const { [PROVIDER_FILE]: _, ...own } = configuration
  try {
    const provider = await create({ ...own, ...inFile(configFile) }, surroundings)
    return provider.name === name ? provider : renamed(provider, name)
  } catch (error) {
    throw new UserError(`could not init cloud provider "${name}": ${messageOf(error)}`)
  }
}

async function factoryOf(
  name: string,
  configFile: string | undefined,
  configuration: CloudConfiguration,
  builtIn: BuiltInClouds,
): Promise<CloudProviderEntry['create']> {
  const file = configuration[PROVIDER_FILE]
  if (file !== undefined && configFile !== undefined) {
    if (typeof file !== 'string')
      throw new UserError(`${configFile}: ${PROVIDER_FILE} is the name of a file`)
    const entry = await entryIn(resolve(configFile, '..', file))
    if (entry.name !== name)
      throw new UserError(
        `unknown cloud provider "${name}"; ${file} has the provider "${entry.name}"`,
      )
    return entry.create
  }
  const known = name === 'http' ? httpCloud : Object.hasOwn(builtIn, name) && builtIn[name]
  if (known) return known
  const names = ['http', ...Object.keys(builtIn)].join(', ')
  throw new UserError(
    `unknown cloud provider "${name}"; built in are ${names}, and --cloud-config may name the file of another`,
  )
}

async function entryIn(path: string): Promise<CloudProviderEntry> {
  const loaded = await import(pathToFileURL(path).href).catch(error => {
    throw new UserError(`the provider file ${path} cannot be loaded: ${messageOf(error)}`)
  })
  const entry = loaded.default as CloudProviderEntry | undefined
  if (typeof entry?.name !== 'string' || typeof entry.create !== 'function')
    throw new UserError(`the provider file ${path} has no default export { name, create }`)
  return entry
}

function configurationIn(path: string): CloudConfiguration {
  const content = systemFiles.read(resolve(path))
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  let read: unknown
  try {
    read = parseYaml(content)
  } catch (error) {
    throw new UserError(`the file ${path} cannot be read: ${messageOf(error)}`)
  }
  if (read === null || read === undefined) return {}
  if (typeof read !== 'object' || Array.isArray(read))
    throw new UserError(`the file ${path} is not a map of settings`)
  return read as CloudConfiguration
}

/** Where files that a configuration names are relative to; no setting of anybody's, and not shown as one. */
const DIRECTORY = Symbol('directory')

const inFile = (configFile: string | undefined): object =>
  configFile === undefined ? {} : { [DIRECTORY]: resolve(configFile, '..') }

/** As it is called, so that metrics say what the flag does. */
function renamed(provider: CloudProvider, name: string): CloudProvider {
  const { instances, loadBalancer, routes } = provider
  return {
    name,
    ...(instances ? { instances } : {}),
    ...(loadBalancer ? { loadBalancer } : {}),
    ...(routes ? { routes } : {}),
    close: () => provider.close?.(),
  }
}

const HTTP_SETTINGS = [
  'url',
  'offers',
  'timeout',
  'certificateAuthority',
  'clientCertificate',
  'clientKey',
  'tokenFile',
  'insecureSkipTLSVerify',
]

async function httpCloud(
  configuration: CloudConfiguration,
  { clock }: CloudSurroundings,
): Promise<CloudProvider> {
  const { createHttpProvider, OFFERS } = await import('#cloud')
  const unknown = Object.keys(configuration).find(key => !HTTP_SETTINGS.includes(key))
  if (unknown !== undefined) throw new UserError(`unknown setting "${unknown}"`)
  const text = (key: string): string | undefined => {
    const value = configuration[key]
    if (value !== undefined && typeof value !== 'string') throw new UserError(`${key} is a text`)
    return value
  }
  const url = text('url')
  if (url === undefined) throw new UserError('--cloud-config must say the url of the provider')
  const { offers = OFFERS, insecureSkipTLSVerify = false } = configuration
  if (!Array.isArray(offers) || offers.some(each => !OFFERS.includes(each)))
    throw new UserError(`offers is a list of some of ${OFFERS.join(', ')}`)
  const directory = String((configuration as { [DIRECTORY]?: string })[DIRECTORY] ?? '.')
  const contentOf = (path: string) => {
    const content = systemFiles.read(resolve(directory, path))
    if (content === undefined) throw new UserError(`there is no file ${path}`)
    return content.toString()
  }
  const inFileOf = (key: string) => {
    const path = text(key)
    return path === undefined ? undefined : contentOf(path)
  }
  const tokenFile = text('tokenFile')
  const timeout = text('timeout')
  return createHttpProvider({
    name: 'http',
    url,
    offers: offers as readonly Offer[],
    clock,
    ...(timeout === undefined ? {} : { timeoutMs: durationOf(timeout) }),
    trust: {
      authority: inFileOf('certificateAuthority'),
      certificate: inFileOf('clientCertificate'),
      key: inFileOf('clientKey'),
      insecure: insecureSkipTLSVerify === true,
      // Tokens are renewed in their files.
      ...(tokenFile === undefined ? {} : { token: async () => contentOf(tokenFile).trim() }),
    },
  })
}

function durationOf(text: string): number {
  try {
    return Number(parseDuration(text) / 1_000_000n)
  } catch {
    throw new UserError(`timeout wants a time such as 30s, not "${text}"`)
  }
}
