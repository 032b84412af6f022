/** The scheduler as a process of its own: as its configuration says, and with a port that tells how it is. */
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import type { ValuesOf } from '#cli'
import type { Running } from '#client/role.ts'
import type { HealthCheck } from '#client/serving/health-checks.ts'
import { type ConfiguredScheduler, startConfiguredScheduler } from './configured-scheduler.ts'
import type { Remote } from './remote-context.ts'
import { showLeading } from './role-figures.ts'
import { openRolePort } from './role-server/role-port.ts'

/** Resolves when the port is open; leading may come later. Throws UserErrors. */
export async function startSingleScheduler(
  values: ValuesOf<'scheduler'>,
  remote: Remote,
): Promise<Running> {
  const { context, figures } = remote
  const scheduler = await startConfiguredScheduler(context, values, figures)
  const { led } = scheduler
  if (led) showLeading(figures, [led])
  const synced = handlersSynced(scheduler, remote)
  return openRolePort({
    name: 'scheduler',
    values,
    remote,
    role: scheduler,
    led,
    checks: { healthz: () => [], readyz: () => [synced] },
    figures: [figures.source, scheduler.figuresBeside],
    configuration: { componentconfig: configurationOf(scheduler) },
  })
}

/** Whoever waits to lead watches nothing yet, and is as ready as it will be. */
function handlersSynced(scheduler: ConfiguredScheduler, { context }: Remote): HealthCheck {
  let isSynced = false
  let isAsked = false
  return {
    name: 'sched-handler-sync',
    isGood() {
      if (!scheduler.isScheduling) return true
      if (!isAsked) {
        isAsked = true
        const { informers } = context
        void Promise.all([informers.for(pod).synced, informers.for(node).synced]).then(() => {
          isSynced = true
        })
      }
      return isSynced
    },
  }
}

/** In the form and under the names in which upstream tells it. */
function configurationOf({ configuration, led }: ConfiguredScheduler): object {
  if (!configuration)
    return {
      LeaderElection: { LeaderElect: led !== undefined, ResourceName: 'kube-scheduler' },
      Profiles: [{ SchedulerName: 'default-scheduler' }],
    }
  const { leaderElection, profiles } = configuration
  return {
    Parallelism: configuration.parallelism,
    PercentageOfNodesToScore: configuration.percentageOfNodesToScore,
    PodInitialBackoffSeconds: configuration.podInitialBackoffSeconds,
    PodMaxBackoffSeconds: configuration.podMaxBackoffSeconds,
    LeaderElection: {
      LeaderElect: leaderElection.leaderElect,
      LeaseDuration: `${leaderElection.leaseDurationMs / 1000}s`,
      RenewDeadline: `${leaderElection.renewDeadlineMs / 1000}s`,
      RetryPeriod: `${leaderElection.retryPeriodMs / 1000}s`,
      ResourceLock: leaderElection.resourceLock,
      ResourceName: leaderElection.resourceName,
      ResourceNamespace: leaderElection.resourceNamespace,
    },
    Profiles: profiles.map(({ schedulerName, plugins, pluginConfig }) => ({
      SchedulerName: schedulerName,
      Plugins: plugins,
      PluginConfig: pluginConfig.map(({ name, args }) => ({ Name: name, Args: args })),
    })),
  }
}
