/** `proa up`: a whole cluster in this process, and a few lines that say what is ready and what to type next. */
import { resolve } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { parseFeatureGates } from '#base/feature-gates.ts'
import { hostPort } from '#base/host-port.ts'
import type { Log } from '#base/log.ts'
import { version } from '#base/version.ts'
import { flagTexts, type NodesWanted, nodesText, readyText, type ValuesOf } from '#cli'
import type { CloudProvider } from '#cloud'
import type { Dashboard } from '#dashboard'
import { addressForOthers } from '#host/addresses.ts'
import { systemClock } from '#host/clock.ts'
import { PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { onTermination } from '#host/signals.ts'
import { accessOptionsOf } from './access-options.ts'
import { auditOptionsOf } from './audit-options.ts'
import type { BuiltInClouds } from './configured-cloud.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { familyOf } from './ip-families.ts'
import { type ClusterFacts, publishFacts } from './joining/cluster-facts.ts'
import { keepKubeconfig } from './kept-kubeconfig.ts'
import { configuredMachine } from './kubelet-settings.ts'
import { layoutOf } from './layout.ts'
import type { LoadHollowMachine, Nodes } from './options.ts'
import { untilRegistered } from './registered-nodes.ts'
import { registrationOf } from './registration.ts'
import { clusterLeavingMs, servingOptionsOf } from './serving-options.ts'
import { type Cluster, startCluster } from './start-cluster.ts'
import { storageOptionsOf } from './storage-options.ts'

export async function up(
  given: ValuesOf<'up'>,
  hollowMachine: LoadHollowMachine,
  builtInClouds: BuiltInClouds,
): Promise<void> {
  const directory = dataDirectoryOf(given.dataDirectory)
  const log = systemLog(given.logLevel)
  const { values, settings } = await configuredMachine(given, log)
  const nodes = await nodesFor(values.nodes, values.install)
  // Beside hollow nodes none joins: their pods could not meet.
  const mayJoin = values.enableBootstrapTokenAuth && nodes.kind === 'containerd'
  const storage = storageOptionsOf(values)
  const cloud = await cloudOf(values, builtInClouds, log)
  const cluster = await startCluster({
    dataDirectory: directory,
    ...storage,
    ...auditOptionsOf(values),
    ...accessOptionsOf(values),
    ...servingOptionsOf(values, { files: systemFiles, clock: systemClock, log }),
    nodes,
    listen: { address: values.bindAddress, port: values.securePort },
    serviceClusterIpRange: values.serviceClusterIpRange,
    runtimeConfig: values.runtimeConfig,
    featureGates: parseFeatureGates(values.featureGates),
    flags: flagTexts('up', values),
    bootstrapTokenAuth: values.enableBootstrapTokenAuth,
    clusterCidr: values.clusterCidr,
    clusterDomain: values.clusterDomain,
    controllers: mayJoin ? withJoining(values.controllers) : values.controllers,
    metricsServer: values.metricsServer,
    metricResolutionMs: values.metricResolutionMs,
    networkPolicy: values.networkPolicy,
    podRoutes: values.podRoutes,
    allowedUnsafeSysctls: values.allowedUnsafeSysctls,
    registration: registrationOf(values),
    ...(cloud ? { cloud } : {}),
    kubelet: settings,
    hollowResources: Object.fromEntries(values.extendedResources),
    ...(values.staticPodPath === undefined ? {} : { staticPodPath: resolve(values.staticPodPath) }),
    ...(values.evictionHard === undefined ? {} : { evictionHard: values.evictionHard }),
    ...(values.kubeletPort === undefined ? {} : { kubeletPort: values.kubeletPort }),
    ...(values.nodeName === undefined ? {} : { nodeName: values.nodeName }),
    log,
    clock: systemClock,
    random: systemRandom,
    hollowMachine,
  })
  const dashboard = values.dashboard ? await dashboardOf(cluster, log) : undefined
  const stop = async () => {
    await dashboard?.stop()
    await cluster.stop()
    await cloud?.close?.()
  }
  onTermination(stop, clusterLeavingMs(values))
  boundHeap()
  const layout = layoutOf(directory)
  const kubeconfig = values.writeKubeconfig ?? layout.adminKubeconfig
  keepKubeconfig({
    clock: systemClock,
    log,
    text: () => cluster.kubeconfig ?? '',
    write: text => systemFiles.writeAtomically(kubeconfig, text, PRIVATE_FILE),
  })
  if (mayJoin)
    publishFacts(cluster.client, factsFor(values, cluster.url ?? '')).catch(error =>
      log.error('machines cannot join: what they have to know could not be written', {
        error: messageOf(error),
      }),
    )
  await untilRegistered(cluster.client, cluster.nodeNames, {
    clock: systemClock,
    limitMs: NODES_LIMIT_MS,
  }).catch(error => log.warn('nodes could not be looked for', { why: messageOf(error) }))
  process.stdout.write(
    readyText({
      version: version.gitVersion,
      url: cluster.url ?? '',
      kubeconfig,
      elapsedMs: systemClock.monotonicMs(),
      nodes: nodesText(nodes.kind, cluster.nodeNames),
      dataDirectory: directory,
      ...(storage.keepsInMemory ? { keepsInMemory: true } : {}),
      ...(dashboard ? { dashboard: dashboard.url } : {}),
    }),
  )
}

/** A node that cannot make itself known by then is told of by itself. */
const NODES_LIMIT_MS = 5_000

/** With what tokens need by which machines join; upstream has both off by default, and kubeadm on. */
function withJoining(controllers: string): string {
  const left = controllers.split(',')
  return [controllers, ...JOINING_CONTROLLERS.filter(name => !left.includes(`-${name}`))].join()
}

const JOINING_CONTROLLERS = ['bootstrap-signer-controller', 'token-cleaner-controller']

function factsFor(values: ValuesOf<'up'>, url: string): ClusterFacts {
  const { bindAddress, clusterCidr, serviceClusterIpRange, clusterDomain } = values
  const isLocal = /^(127\.|::1$)/.test(bindAddress)
  const family = familyOf(serviceClusterIpRange.split(',')[0] ?? '')
  const host = isLocal ? undefined : addressForOthers(bindAddress, family)
  const server = host === undefined ? '' : `https://${hostPort(host, new URL(url).port)}`
  return { server, clusterCidr, serviceClusterIpRange, clusterDomain }
}

/** One that is not somebody else's to run. */
async function cloudOf(
  { cloudProvider: name, cloudConfig: configFile }: ValuesOf<'up'>,
  builtIn: BuiltInClouds,
  log: Log,
): Promise<CloudProvider | undefined> {
  if (name === undefined || name === 'external') return undefined
  const { configuredCloud } = await import('./configured-cloud.ts')
  return configuredCloud({ name, configFile }, builtIn, { clock: systemClock, log })
}

/** Loaded only where it is wanted: a plain start pays nothing for it. */
async function dashboardOf({ transport, url = '' }: Cluster, log: Log): Promise<Dashboard> {
  const { openDashboard } = await import('./dashboard.ts')
  return openDashboard({
    transport,
    server: url,
    address: '127.0.0.1',
    port: 0,
    log,
    onNewUrl: next => process.stdout.write(`dashboard, for another browser: ${next}\n`),
  })
}

/** Real containers where this machine can run them; where it can't, says what is missing and goes on with a hollow node. */
async function nodesFor(wanted: NodesWanted, install: boolean): Promise<Nodes> {
  if (wanted.kind === 'none') return { kind: 'none' }
  if (wanted.kind === 'hollow') return wanted
  const { machineReadiness } = await import('./machine-readiness.ts')
  const readiness = await machineReadiness({
    install,
    tell: text => process.stdout.write(`${text}\n`),
  })
  if (readiness.ready) return { kind: 'containerd' }
  if (wanted.kind === 'containerd') throw new UserError(readiness.reason)
  process.stderr.write(
    `proa: ${readiness.reason}; going on with a hollow node, whose pods are simulated\n`,
  )
  return { kind: 'hollow', count: 1 }
}
