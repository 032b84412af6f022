/** How this machine's kubelet is set up, out of flags and files. Flags count more than files, and of files the last one most. */
import { join, resolve } from 'node:path'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { divisionFlags, ValuesOf } from '#cli'
import { type CommandOptions, tryCommand } from '#host/command.ts'
import { systemFiles } from '#host/files.ts'
import type { KubeletOptions } from '#kubelet'
import { configurationTools, DEFAULT_KUBELET_PORT } from '#kubelet/before-start.ts'
import { DIVISION_FIELDS, dividedBy } from './configured-division.ts'
import type { TracingConfiguration } from './open-tracer.ts'

export interface KubeletSettings {
  /** An absolute path; below the data directory without. */
  readonly rootDirectory?: string
  /** What the kubelet does otherwise because of its configuration. */
  readonly options?: Partial<KubeletOptions>
  /** A machine with swap will not do. */
  readonly failSwapOn?: boolean
  /** Traces of the kubelet. */
  readonly tracing?: TracingConfiguration
  /** Where the node's own DNS servers are listed. */
  readonly resolvConf?: string
  /** Whose client certificates the kubelet's port takes. */
  readonly clientCaFile?: string
}

type Tools = Awaited<ReturnType<typeof configurationTools>>
type Configuration = ReturnType<Tools['readKubeletConfiguration']>
type SharedFlags = Pick<
  ValuesOf<'kubelet'>,
  | 'rootDirectory'
  | 'kubeletConfig'
  | 'kubeletConfigDirectory'
  | 'imageCredentialProviderConfig'
  | 'imageCredentialProviderBinDirectory'
  | 'evictionHard'
  | 'allowedUnsafeSysctls'
  | 'staticPodPath'
  | 'maxPods'
  | 'registerWithTaints'
  | 'providerId'
  | keyof typeof divisionFlags
>

export interface Configured<V> {
  /** The flags, with what files say where flags say nothing. */
  readonly values: V
  readonly settings: KubeletSettings
}

/** What flags of every kubelet have in a file, too. */
const SHARED_FIELDS = [
  ...['allowedUnsafeSysctls', 'staticPodPath', 'maxPods', 'registerWithTaints', 'providerID'],
  ...['port', 'resolvConf'],
  ...DIVISION_FIELDS,
]
const OWN_FIELDS = [
  ...['tlsCertFile', 'tlsPrivateKeyFile', 'rotateCertificates', 'serverTLSBootstrap'],
  ...['clusterDomain', 'authentication'],
]

/** Of a kubelet that runs alone. Throws a UserError where a file can't be used. */
export async function configuredKubelet(
  values: ValuesOf<'kubelet'>,
  log: Log,
): Promise<Configured<ValuesOf<'kubelet'>>> {
  const read = await configurationFor(values)
  const { failSwapOn } = values
  if (!read) return withProviders({ values, settings: { ...placesOf(values), failSwapOn } })
  const { configuration, tools } = read
  // As with any other kubelet, unless somebody says that he does not mind.
  const settings = {
    ...settingsOf(values, read),
    failSwapOn: failSwapOn && (configuration.failSwapOn ?? true),
  }
  warn(configuration, tools, { log, served: [...SHARED_FIELDS, ...OWN_FIELDS] })
  const { clientCAFile } = configuration.authentication?.x509 ?? {}
  const { clusterDomain, tlsCertFile, tlsPrivateKeyFile } = configuration
  return withProviders({
    values: {
      ...values,
      ...shared(values, configuration, tools),
      port: values.port ?? (configuration.port || DEFAULT_KUBELET_PORT),
      tlsCertFile: values.tlsCertFile ?? (tlsCertFile || undefined),
      tlsPrivateKeyFile: values.tlsPrivateKeyFile ?? (tlsPrivateKeyFile || undefined),
      rotateCertificates: values.rotateCertificates && (configuration.rotateCertificates ?? true),
      rotateServerCertificates:
        values.rotateServerCertificates || (configuration.serverTLSBootstrap ?? false),
      clusterDomain: values.clusterDomain ?? (clusterDomain || undefined),
    },
    settings: { ...settings, ...(clientCAFile ? { clientCaFile: clientCAFile } : {}) },
  })
}

/** Of the one in a whole cluster, which has its certificates and names from that. */
export function configuredMachine(
  values: ValuesOf<'up'>,
  log: Log,
): Promise<Configured<ValuesOf<'up'>>> {
  return configuredInCluster(values, log, port => ({ kubeletPort: values.kubeletPort ?? port }))
}

/** Of one that joins: the same. */
export function configuredNode(
  values: ValuesOf<'join'>,
  log: Log,
): Promise<Configured<ValuesOf<'join'>>> {
  return configuredInCluster(values, log, port => ({ port: values.port ?? port }))
}

async function configuredInCluster<V extends SharedFlags>(
  values: V,
  log: Log,
  ports: (port: number | undefined) => Partial<V>,
): Promise<Configured<V>> {
  const read = await configurationFor(values)
  if (!read) return withProviders({ values, settings: placesOf(values) })
  const { configuration, tools } = read
  // The cluster says which servers there are.
  const { clusterDNS: _, ...rest } = configuration
  const settings = settingsOf(values, { ...read, configuration: rest })
  warn(configuration, tools, { log, served: SHARED_FIELDS, unserved: ['clusterDNS'] })
  const more = {
    ...shared(values, configuration, tools),
    ...ports(configuration.port || undefined),
  }
  return withProviders({ values: { ...values, ...more }, settings })
}

interface Read {
  readonly configuration: Configuration
  readonly tools: Tools
}

async function configurationFor({
  kubeletConfig,
  kubeletConfigDirectory,
}: SharedFlags): Promise<Read | undefined> {
  if (kubeletConfig === undefined && kubeletConfigDirectory === undefined) return undefined
  const tools = await configurationTools()
  const paths = [
    ...(kubeletConfig === undefined ? [] : [kubeletConfig]),
    ...(kubeletConfigDirectory === undefined ? [] : filesIn(kubeletConfigDirectory)),
  ]
  const files = paths.map(path => ({ path, text: contentOf(path) }))
  return { configuration: tools.readKubeletConfiguration(files), tools }
}

/** As upstream, only those whose name ends so. */
function filesIn(directory: string): string[] {
  if (!systemFiles.exists(directory)) throw new UserError(`there is no directory ${directory}`)
  return systemFiles
    .list(directory)
    .filter(name => name.endsWith('.conf'))
    .toSorted()
    .map(name => join(directory, name))
}

function contentOf(path: string): Uint8Array {
  const content = systemFiles.read(resolve(path))
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  return content
}

const placesOf = ({ rootDirectory }: SharedFlags): KubeletSettings =>
  rootDirectory === undefined ? {} : { rootDirectory: resolve(rootDirectory) }

/** Both flags or none; each program must be there. */
async function providersOf({
  imageCredentialProviderConfig: path,
  imageCredentialProviderBinDirectory: directory,
}: SharedFlags): Promise<Partial<KubeletOptions>> {
  if (path === undefined && directory === undefined) return {}
  if (path === undefined || directory === undefined)
    throw new UserError(
      '--image-credential-provider-config and --image-credential-provider-bin-dir are to be given together',
    )
  const { readProviders } = await configurationTools()
  const binDirectory = resolve(directory)
  const settings = readProviders(contentOf(path), path)
  for (const { name } of settings)
    if (!systemFiles.exists(join(binDirectory, name)))
      throw new UserError(`plugin binary executable ${join(binDirectory, name)} did not exist`)
  return { credentialProviders: { settings, binDirectory, run: runProvider } }
}

/** Of one that fails only its complaints are told: what it printed may be passwords. */
export async function runProvider(
  file: string,
  words: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await tryCommand(file, words, options)
  if (exitCode === 0) return stdout
  const [complaint = ''] = stderr.trim().split('\n')
  throw new Error(`${file} ended with exit code ${exitCode}${complaint ? `: ${complaint}` : ''}`)
}

async function withProviders<V extends SharedFlags>({
  values,
  settings,
}: Configured<V>): Promise<Configured<V>> {
  const options = { ...settings.options, ...(await providersOf(values)) }
  return { values, settings: { ...settings, options } }
}

function settingsOf(values: SharedFlags, { configuration, tools }: Read): KubeletSettings {
  const { resolvConf, failSwapOn } = configuration
  const tracing = tools.tracingOf(configuration)
  return {
    ...placesOf(values),
    ...(tracing ? { tracing } : {}),
    ...(failSwapOn === undefined ? {} : { failSwapOn }),
    options: { ...tools.optionsOf(configuration), configuration: { ...configuration } },
    ...(resolvConf === undefined ? {} : { resolvConf }),
  }
}

function shared(values: SharedFlags, configuration: Configuration, tools: Tools) {
  const { allowedUnsafeSysctls, registerWithTaints } = values
  const taints = (configuration.registerWithTaints ?? []) as unknown as readonly {
    readonly key: string
    readonly value?: string
    readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  }[]
  const { maxPods = 0 } = configuration
  if (maxPods < 0)
    throw new UserError(
      `invalid kubelet configuration: maxPods must not be negative, not ${maxPods}`,
    )
  return {
    ...dividedBy(values, configuration),
    evictionHard: values.evictionHard ?? tools.evictionHardOf(configuration),
    allowedUnsafeSysctls:
      allowedUnsafeSysctls.length > 0
        ? allowedUnsafeSysctls
        : (configuration.allowedUnsafeSysctls ?? []),
    staticPodPath: values.staticPodPath ?? (configuration.staticPodPath || undefined),
    maxPods: values.maxPods ?? (maxPods || undefined),
    registerWithTaints:
      registerWithTaints.size > 0
        ? registerWithTaints
        : new Map(taints.map(taint => [`${taint.key}:${taint.effect}`, taint])),
    providerId: values.providerId ?? (configuration.providerID || undefined),
  }
}

interface Warning {
  readonly log: Log
  readonly served: readonly string[]
  readonly unserved?: readonly string[]
}

function warn(
  configuration: Configuration,
  tools: Tools,
  { log, served, unserved = [] }: Warning,
): void {
  const all = new Set([...tools.KUBELET_FIELDS, ...served])
  for (const name of unserved) all.delete(name)
  const fields = tools.unservedFields(configuration, all)
  if (fields.length > 0)
    log.warn('the kubelet configuration has fields that change nothing here', {
      fields: fields.join(', '),
    })
  const signals = tools.unservedSignals(configuration)
  if (signals.length > 0)
    log.warn('the kubelet configuration has eviction signals that nobody looks at here', {
      signals: signals.join(', '),
    })
}
