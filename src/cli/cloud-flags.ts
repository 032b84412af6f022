/** What a cloud controller manager is asked for; upstream's names. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, switchFlag, textFlag, under } from './flags.ts'
import { listTextFlag } from './lists.ts'
import { logLevel } from './log-level.ts'

const countFlag = (name: string, doc: string, fallback: number) =>
  flag(
    name,
    'N',
    doc,
    text => {
      if (!/^\d{1,4}$/.test(text)) throw new UserError(`--${name} wants a number, not "${text}"`)
      return Number(text)
    },
    fallback,
  )

export const cloudConfig = textFlag(
  'cloud-config',
  'FILE',
  'what the provider has to know, or where it is to be found: YAML (docs/cloud.md)',
  undefined,
)

const leaderElection = under('Leader election', {
  leaderElect: switchFlag('leader-elect', 'of several processes one works', true),
  leaderElectLeaseDurationMs: durationFlag(
    'leader-elect-lease-duration',
    'how long its lease is respected',
    15_000,
  ),
  leaderElectRenewDeadlineMs: durationFlag(
    'leader-elect-renew-deadline',
    'how long it tries to renew it',
    10_000,
  ),
  leaderElectRetryPeriodMs: durationFlag('leader-elect-retry-period', 'how often', 2_000),
  leaderElectResourceName: textFlag(
    'leader-elect-resource-name',
    'NAME',
    'the name of the Lease',
    'cloud-controller-manager',
  ),
  leaderElectResourceNamespace: textFlag(
    'leader-elect-resource-namespace',
    'NAME',
    'its namespace',
    'kube-system',
  ),
})

export const cloudControllers = {
  cloudProvider: textFlag(
    'cloud-provider',
    'NAME',
    'http, memory, or the name of a provider that --cloud-config says where to find',
    '',
  ),
  cloudConfig,
  controllers: listTextFlag(
    'controllers',
    'LIST',
    'which run, of cloud-node-controller, cloud-node-lifecycle-controller, service-lb-controller and node-route-controller; * for all; *,-NAME leaves one out',
    '*',
  ),
  clusterName: textFlag(
    'cluster-name',
    'NAME',
    'by which the provider may tell what is whose',
    'kubernetes',
  ),
  clusterCidr: textFlag(
    'cluster-cidr',
    'CIDR',
    'addresses of pods, which routes are made for',
    undefined,
  ),
  allocateNodeCidrs: switchFlag(
    'allocate-node-cidrs',
    'taken for the sake of manifests: the controller manager gives nodes their ranges',
  ),
  configureCloudRoutes: switchFlag(
    'configure-cloud-routes',
    'make routes to the pods of nodes, where the cloud has routes',
    true,
  ),
  nodeMonitorPeriodMs: durationFlag(
    'node-monitor-period',
    'how often nodes that are not ready are held against the cloud',
    5_000,
  ),
  nodeStatusUpdateFrequencyMs: durationFlag(
    'node-status-update-frequency',
    'how often addresses of nodes are',
    5 * 60_000,
  ),
  routeReconciliationPeriodMs: durationFlag(
    'route-reconciliation-period',
    'how often routes are',
    10_000,
  ),
  concurrentNodeSyncs: countFlag(
    'concurrent-node-syncs',
    'how many nodes are initialised at once',
    1,
  ),
  concurrentNodeStatusUpdates: countFlag(
    'concurrent-node-status-updates',
    'of how many addresses are asked at once; 0 for as many as --concurrent-node-syncs',
    0,
  ),
  concurrentServiceSyncs: countFlag(
    'concurrent-service-syncs',
    'how many load balancers are worked on at once',
    1,
  ),
  ...leaderElection,
  logLevel: logLevel('info'),
}

/** Where the whole cluster is one process. */
export const cloudOfCluster = {
  cloudProvider: textFlag(
    'cloud-provider',
    'NAME',
    'external, where a cloud controller manager of others says what nodes are; memory, http or one of --cloud-config, and one runs here',
    undefined,
  ),
  cloudConfig,
}
