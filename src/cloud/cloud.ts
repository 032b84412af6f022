/**
 * The room's door: the controllers of a cloud controller manager, and what a cloud provider is. Whoever starts them gives the provider;
 * `docs/cloud.md` tells users of both.
 */
import { UserError } from '#base/errors.ts'
import type { FigureBook } from '#base/figures.ts'
import { createEventRecorder } from '#client/events.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { showWorkQueues } from '#client/work-queue-figures.ts'
import { startCloudNode } from './cloud-node/cloud-node.controller.ts'
import { startCloudNodeLifecycle } from './cloud-node-lifecycle/cloud-node-lifecycle.controller.ts'
import type { CloudContext, RunningCloudController } from './context.ts'
import { meterProvider } from './metered-provider.ts'
import { startNodeRoute } from './node-route/node-route.controller.ts'
import { clusterRanges } from './node-route/route-plan.ts'
import type { CloudProvider } from './provider.ts'
import { startServiceLb } from './service-lb/service-lb.controller.ts'

export {
  createHttpProvider,
  type HttpProviderOptions,
  OFFERS,
  type Offer,
} from './http/http-provider.ts'
export * from './provider.ts'

export interface CloudControllersOptions {
  readonly provider: CloudProvider
  readonly figures: FigureBook
  /** Upstream's --controllers; everything by default. */
  readonly enabled?: string
  /** What providers may tell their resources apart by. */
  readonly clusterName?: string
  /** The range of pods, or one of each family; needed where routes are configured. */
  readonly clusterCidr?: string
  /** True by default, where the provider has routes. */
  readonly configureCloudRoutes?: boolean
  readonly nodeMonitorPeriodMs?: number
  readonly nodeStatusUpdateFrequencyMs?: number
  readonly routeReconciliationPeriodMs?: number
  readonly concurrentNodeSyncs?: number
  /** As many as `concurrentNodeSyncs` unless given. */
  readonly concurrentNodeStatusUpdates?: number
  readonly concurrentServiceSyncs?: number
}

/** Upstream's. */
export const CLOUD_DEFAULTS = {
  clusterName: 'kubernetes',
  nodeMonitorPeriodMs: 5_000,
  nodeStatusUpdateFrequencyMs: 5 * 60_000,
  routeReconciliationPeriodMs: 10_000,
  concurrentNodeSyncs: 1,
  concurrentServiceSyncs: 1,
} as const

type Complete = CloudControllersOptions &
  Required<Pick<CloudControllersOptions, keyof typeof CLOUD_DEFAULTS>>

interface CloudControllerEntry {
  readonly name: string
  /** What upstream called it before, which `--controllers` takes, too, and metrics still say. */
  readonly alias: string
  /** Undefined where the provider has nothing for it to do. */
  readonly start: (context: CloudContext, options: Complete) => RunningCloudController | undefined
}

/** In the order of starting: a node that is initialised is what all others wait for. */
const controllers: readonly CloudControllerEntry[] = [
  {
    name: 'cloud-node-controller',
    alias: 'cloud-node',
    start: (context, { provider: { instances }, ...options }) =>
      instances &&
      startCloudNode(context, {
        ...options,
        instances,
        concurrentNodeStatusUpdates:
          options.concurrentNodeStatusUpdates || options.concurrentNodeSyncs,
      }),
  },
  {
    name: 'cloud-node-lifecycle-controller',
    alias: 'cloud-node-lifecycle',
    start: (context, { provider: { instances }, ...options }) =>
      instances && startCloudNodeLifecycle(context, { instances, ...options }),
  },
  {
    name: 'service-lb-controller',
    alias: 'service',
    start: (context, { provider: { loadBalancer }, ...options }) =>
      loadBalancer && startServiceLb(context, { loadBalancer, ...options }),
  },
  {
    name: 'node-route-controller',
    alias: 'route',
    start(context, { provider: { routes }, clusterCidr = '', ...options }) {
      if (!routes || options.configureCloudRoutes === false) return undefined
      return startNodeRoute(context, {
        routes,
        clusterRanges: clusterRanges(clusterCidr),
        ...options,
      })
    },
  },
]

export interface RunningCloudControllers extends Running {
  /** Names of those that run. */
  readonly controllers: readonly string[]
}

/** Throws a UserError for options that cannot work, before anything is started. */
export function checkCloudOptions({
  provider,
  enabled = '*',
  clusterCidr,
  configureCloudRoutes = true,
}: Pick<
  CloudControllersOptions,
  'provider' | 'enabled' | 'clusterCidr' | 'configureCloudRoutes'
>): void {
  const isEnabled = parseEnabled(enabled)
  if (!provider.routes || !configureCloudRoutes || !isEnabled('node-route-controller')) return
  if (clusterCidr === undefined)
    throw new UserError(
      '--cluster-cidr is needed, for the cloud has routes to the pods; --configure-cloud-routes=false leaves those alone',
    )
  clusterRanges(clusterCidr)
}

/** Starts those that are enabled and that the provider has something to do for. Does not close the provider. Throws UserErrors. */
export function startCloudControllers(
  context: RoleContext,
  given: CloudControllersOptions,
): RunningCloudControllers {
  checkCloudOptions(given)
  const { figures, enabled = '*' } = given
  const { clock, random, log, client } = context
  const provider = meterProvider(given.provider, figures, clock)
  const options: Complete = { ...CLOUD_DEFAULTS, ...given, provider }
  const cloudContext: CloudContext = {
    ...context,
    figures,
    clusterName: options.clusterName,
    recorder: component => createEventRecorder(client, { clock, random, log, component }),
  }
  const isEnabled = parseEnabled(enabled)
  const running = controllers.flatMap(({ name, alias, start }) => {
    const controller = isEnabled(name) ? start(cloudContext, options) : undefined
    return controller ? [{ name, alias, controller }] : []
  })
  let isStopped = false
  figures.gauge('running_managed_controllers', 'Controllers that run in this process.', () =>
    running.map(({ alias }) => ({
      labels: { manager: 'cloud-controller-manager', name: alias },
      value: isStopped ? 0 : 1,
    })),
  )
  showWorkQueues(
    figures,
    new Map(running.flatMap(({ controller }) => [...controller.queues])),
    clock,
  )
  return {
    controllers: running.map(({ name }) => name),
    async stop() {
      isStopped = true
      await Promise.all(running.map(({ controller }) => controller.stop()))
    },
  }
}

/** Reads --controllers as upstream does: a name alone wins over `*`, the first mention counts. Throws a UserError. */
export function parseEnabled(text: string): (name: string) => boolean {
  const canonical = new Map(controllers.map(({ name, alias }) => [alias, name]))
  const items = text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item =>
      item.replace(/^(-?)(.*)$/, (_, sign, name) => sign + (canonical.get(name) ?? name)),
    )
  const names = controllers.map(({ name }) => name)
  for (const item of items) {
    const name = item.replace(/^-/, '')
    if (item !== '*' && !names.includes(name))
      throw new UserError(
        `--controllers: there is no controller "${name}"; known are ${names.join(', ')}`,
      )
  }
  return name =>
    (items.find(item => item === name || item === `-${name}`) ??
      (items.includes('*') ? name : '')) === name
}
