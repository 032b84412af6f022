/** The scheduler as a process of its own: what its configuration file says, plugins of one's own and leader election. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, UserError } from '#base/errors.ts'
import { parseFeatureGates } from '#base/feature-gates.ts'
import { createFigureBook, type FigureSource } from '#base/figures.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { systemFiles } from '#host/files.ts'
import {
  type CompleteConfiguration,
  checkPluginNames,
  type PluginEntry,
  type PluginFactory,
  type RunningScheduler,
  type SchedulerOptions,
  startScheduler,
} from '#scheduler'
import { profilesOf, readConfiguration } from '#scheduler/configuration/configuration.ts'
import { createExtenders, leavingToExtenders } from './configured-extenders.ts'
import { type LedRole, startLed } from './led-role.ts'

export interface ConfiguredScheduler extends Running {
  /** Where it is elected. */
  readonly led: LedRole | undefined
  readonly isScheduling: boolean
  /** What it counts beside the book of figures that it was given. */
  readonly figuresBeside: FigureSource
  /** What the file says, with all defaults; undefined without a file. */
  readonly configuration: CompleteConfiguration | undefined
}

export interface SchedulerFlags {
  readonly config?: string | undefined
  /** As `GangScheduling=true,OpportunisticBatching=false`. */
  readonly featureGates?: string
}

/** Throws a UserError for flags or a configuration that cannot work, before anything is started. */
export async function startConfiguredScheduler(
  context: RoleContext,
  { config: configFile, featureGates: gates = '' }: SchedulerFlags,
  figures = createFigureBook(),
): Promise<ConfiguredScheduler> {
  const featureGates = parseFeatureGates(gates)
  let running: RunningScheduler | undefined
  const start = (options: SchedulerOptions, ended: () => void = () => {}) => {
    const scheduler = startScheduler(context, { ...options, figures })
    running = scheduler
    const stop = async () => {
      running = undefined
      await scheduler.stop()
      ended()
    }
    return { stop }
  }
  const shown = (role: Running, led?: LedRole, configuration?: CompleteConfiguration) => ({
    led,
    configuration,
    get isScheduling() {
      return running !== undefined
    },
    figuresBeside: () => running?.figuresBeside() ?? [],
    stop: () => role.stop(),
  })
  if (configFile === undefined) {
    const led = startLed('kube-scheduler', context, () => start({ featureGates }))
    return shown(led, led)
  }
  const configuration = readConfiguration(contentOf(configFile), featureGates)
  const extenders = await createExtenders(configuration, context.clock)
  const options: SchedulerOptions = {
    extenders,
    featureGates,
    profiles: leavingToExtenders(profilesOf(configuration), configuration),
    percentageOfNodesToScore: configuration.percentageOfNodesToScore,
    podInitialBackoffMs: configuration.podInitialBackoffSeconds * 1000,
    podMaxBackoffMs: configuration.podMaxBackoffSeconds * 1000,
    ownPlugins: await loadPlugins(configFile, configuration),
  }
  checkPluginNames(options.profiles ?? [], options.ownPlugins ?? new Map())
  const { leaderElect, resourceName, resourceNamespace, ...times } = configuration.leaderElection
  const schedule = () =>
    start(options, () => {
      for (const extender of extenders) extender.close()
    })
  if (!leaderElect) return shown(schedule(), undefined, configuration)
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = times
  const led = startLed(resourceName, context, schedule, {
    namespace: resourceNamespace,
    leaseDurationMs,
    renewDeadlineMs,
    retryPeriodMs,
  })
  return shown(led, led, configuration)
}

function contentOf(path: string): Uint8Array {
  const content = systemFiles.read(resolve(path))
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  return content
}

/** Each file's default export is `{ name, create }`, as an entry of the scheduler's own list. */
async function loadPlugins(
  configFile: string,
  { pluginFiles }: CompleteConfiguration,
): Promise<ReadonlyMap<string, PluginFactory>> {
  const plugins = new Map<string, PluginFactory>()
  for (const file of pluginFiles) {
    const path = resolve(configFile, '..', file)
    const loaded = await import(pathToFileURL(path).href).catch(error => {
      throw new UserError(`the plugin file ${path} cannot be loaded: ${messageOf(error)}`)
    })
    const entry = loaded.default as PluginEntry | undefined
    if (typeof entry?.name !== 'string' || typeof entry.create !== 'function')
      throw new UserError(`the plugin file ${path} has no default export { name, create }`)
    if (plugins.has(entry.name)) throw new UserError(`two plugin files define ${entry.name}`)
    plugins.set(entry.name, entry.create)
  }
  return plugins
}
