/** The controllers of a cloud as a process of their own: elected, and with a port that tells how they are. */
import { formatDuration } from '#api/machinery/duration.ts'
import { parseFeatureGates } from '#base/feature-gates.ts'
import type { ValuesOf } from '#cli'
import type { Running } from '#client/role.ts'
import type { CloudControllersOptions, RunningCloudControllers } from '#cloud'
import { type BuiltInClouds, configuredCloud } from './configured-cloud.ts'
import { startLed } from './led-role.ts'
import type { Remote } from './remote-context.ts'
import { showLeading } from './role-figures.ts'
import { openRolePort } from './role-server/role-port.ts'

type Values = ValuesOf<'cloud-controller-manager'>

/** Of upstream's configuration kind, by which /configz names what it tells. */
const CONFIGURATION = 'cloudcontrollermanager.config.k8s.io'

/** Resolves when the port is open; leading may come later. Throws UserErrors. */
export async function startCloudControllerManager(
  values: Values,
  remote: Remote,
  builtIn: BuiltInClouds,
): Promise<Running> {
  const { context, figures } = remote
  const { checkCloudOptions, startCloudControllers } = await import('#cloud')
  parseFeatureGates(values.featureGates)
  const wanted = { name: values.cloudProvider, configFile: values.cloudConfig }
  const provider = await configuredCloud(wanted, builtIn, context)
  const { controllers: enabled, clusterCidr, ...same } = values
  const options: CloudControllersOptions = {
    ...same,
    provider,
    figures,
    enabled,
    ...(clusterCidr === undefined ? {} : { clusterCidr }),
  }
  // What makes no sense must end the start, not the first time of leading.
  checkCloudOptions(options)
  let running: RunningCloudControllers | undefined
  const start = () => {
    running = startCloudControllers(context, options)
    return running
  }
  const led = values.leaderElect
    ? startLed(values.leaderElectResourceName, context, start, {
        namespace: values.leaderElectResourceNamespace,
        leaseDurationMs: values.leaderElectLeaseDurationMs,
        renewDeadlineMs: values.leaderElectRenewDeadlineMs,
        retryPeriodMs: values.leaderElectRetryPeriodMs,
      })
    : undefined
  if (led) showLeading(figures, [led])
  const role = led ?? start()
  const pings = () => (running?.controllers ?? []).map(name => ({ name, isGood: () => true }))
  return openRolePort({
    name: 'cloud-controller-manager',
    values,
    remote,
    role: {
      async stop() {
        await role.stop()
        await provider.close?.()
      },
    },
    led,
    checks: { healthz: pings, readyz: pings },
    figures: [figures.source],
    configuration: { [CONFIGURATION]: configurationOf(values) },
  })
}

/** In the form and under the names in which upstream tells it. */
function configurationOf(values: Values): object {
  const time = (ms: number) => formatDuration(BigInt(ms) * 1_000_000n)
  return {
    kind: 'CloudControllerManagerConfiguration',
    apiVersion: `${CONFIGURATION}/v1alpha1`,
    Generic: {
      Port: values.securePort,
      Address: values.bindAddress,
      LeaderElection: {
        leaderElect: values.leaderElect,
        leaseDuration: time(values.leaderElectLeaseDurationMs),
        renewDeadline: time(values.leaderElectRenewDeadlineMs),
        retryPeriod: time(values.leaderElectRetryPeriodMs),
        resourceLock: 'leases',
        resourceName: values.leaderElectResourceName,
        resourceNamespace: values.leaderElectResourceNamespace,
      },
      Controllers: values.controllers.split(','),
      Debugging: { enableProfiling: values.profiling },
    },
    KubeCloudShared: {
      CloudProvider: { Name: values.cloudProvider, CloudConfigFile: values.cloudConfig ?? '' },
      RouteReconciliationPeriod: time(values.routeReconciliationPeriodMs),
      NodeMonitorPeriod: time(values.nodeMonitorPeriodMs),
      ClusterName: values.clusterName,
      ClusterCIDR: values.clusterCidr ?? '',
      AllocateNodeCIDRs: values.allocateNodeCidrs,
      ConfigureCloudRoutes: values.configureCloudRoutes,
    },
    NodeController: {
      ConcurrentNodeSyncs: values.concurrentNodeSyncs,
      ConcurrentNodeStatusUpdates: values.concurrentNodeStatusUpdates,
    },
    ServiceController: { ConcurrentServiceSyncs: values.concurrentServiceSyncs },
    NodeStatusUpdateFrequency: time(values.nodeStatusUpdateFrequencyMs),
  }
}
