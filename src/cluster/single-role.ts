/** One role as a process of its own: `proa apiserver`, and the others over HTTPS as whom their kubeconfig says. */
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { parseFeatureGates } from '#base/feature-gates.ts'
import type { Log } from '#base/log.ts'
import { flagTexts, type Invocation, type ValuesOf } from '#cli'
import type { Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { onTermination } from '#host/signals.ts'
import { accessOptionsOf } from './access-options.ts'
import { auditOptionsOf } from './audit-options.ts'
import type { BuiltInClouds } from './configured-cloud.ts'
import { certificateDirectoryOf, dataDirectoryOf } from './data-directory.ts'
import { keepKubeconfig } from './kept-kubeconfig.ts'
import { kubeletClientOf } from './kubelet-client.ts'
import type { KubeletSettings } from './kubelet-settings.ts'
import { layoutOf } from './layout.ts'
import { DEFAULT_DOMAIN } from './options.ts'
import type { Remote } from './remote-context.ts'
import { securityWantedBy } from './security-options.ts'
import { leavingMs, servingOptionsOf } from './serving-options.ts'
import { storageOptionsOf } from './storage-options.ts'

type RoleInvocation = Extract<
  Invocation,
  {
    name:
      | 'apiserver'
      | 'controller-manager'
      | 'cloud-controller-manager'
      | 'scheduler'
      | 'kubelet'
      | 'proxy'
      | 'dns'
      | 'metrics-server'
  }
>

/** Starts the role; the process then lives until a signal ends it. Throws UserErrors. */
export async function runRole(
  invocation: RoleInvocation,
  builtInClouds: BuiltInClouds,
): Promise<void> {
  const running =
    invocation.name === 'apiserver'
      ? await runApiServer(invocation.values)
      : await runRemote(invocation, builtInClouds)
  onTermination(() => running.stop(), leaveWithinMs(invocation))
  boundHeap()
}

/** An API server first answers what it has taken on, for as long as its flags say. */
function leaveWithinMs({ name, values }: RoleInvocation): number | undefined {
  if (name !== 'apiserver') return undefined
  return leavingMs(values)
}

async function runApiServer(values: ValuesOf<'apiserver'>): Promise<Running> {
  const dataDirectory = dataDirectoryOf(values.dataDirectory)
  const log = systemLog(values.logLevel)
  const { startSingleApiServer } = await import('./single-apiserver.ts')
  const machine = { files: systemFiles, clock: systemClock, log }
  const server = await startSingleApiServer({
    dataDirectory,
    ...storageOptionsOf(values),
    ...auditOptionsOf(values),
    ...accessOptionsOf(values),
    ...servingOptionsOf(values, machine),
    kubeletClient: kubeletClientOf(values, machine),
    security: securityWantedBy(values, systemFiles),
    ...(values.advertiseAddress === undefined ? {} : { advertiseAddress: values.advertiseAddress }),
    listen: { address: values.bindAddress, port: values.securePort },
    serviceClusterIpRange: values.serviceClusterIpRange,
    runtimeConfig: values.runtimeConfig,
    featureGates: parseFeatureGates(values.featureGates),
    flags: flagTexts('apiserver', values),
    bootstrapTokenAuth: values.enableBootstrapTokenAuth,
    clusterDomain: DEFAULT_DOMAIN,
    nodeName: values.nodeName ?? hostname().toLowerCase(),
    clock: systemClock,
    random: systemRandom,
    log,
  })
  const { adminKubeconfig } = layoutOf(dataDirectory)
  const directory = dirname(adminKubeconfig)
  const pathOf = (name: string) =>
    name === 'admin' ? (values.writeKubeconfig ?? adminKubeconfig) : join(directory, `${name}.conf`)
  // Roles look at theirs again, too.
  const kept = Object.keys(server.kubeconfigs()).map(name =>
    keepKubeconfig({
      clock: systemClock,
      log,
      text: () => server.kubeconfigs()[name] ?? '',
      write: text => systemFiles.writeAtomically(pathOf(name), text, PRIVATE_FILE),
    }),
  )
  process.stdout.write(
    `The API server listens on ${server.url}; each role's kubeconfig is in ${directory}\n`,
  )
  return {
    async stop() {
      for (const each of kept) each.stop()
      await server.stop()
    },
  }
}

type RemoteInvocation = Exclude<RoleInvocation, { name: 'apiserver' }> & {
  readonly kubelet?: KubeletSettings
}

/** With what the files of a kubelet say. */
async function configured(invocation: RemoteInvocation, log: Log): Promise<RemoteInvocation> {
  if (invocation.name !== 'kubelet') return invocation
  const { configuredKubelet } = await import('./kubelet-settings.ts')
  const { values, settings } = await configuredKubelet(invocation.values, log)
  return { ...invocation, values, kubelet: settings }
}

async function runRemote(given: RemoteInvocation, builtInClouds: BuiltInClouds): Promise<Running> {
  const log = systemLog(given.values.logLevel)
  const invocation = await configured(given, log)
  const remote = await connect(invocation, log)
  try {
    const role = await startRole(invocation, remote, builtInClouds)
    log.info(`${invocation.name} started`, { server: remote.connection.server })
    return {
      async stop() {
        await role.stop()
        await remote.stop()
      },
    }
  } catch (error) {
    await remote.stop()
    throw error
  }
}

async function connect(invocation: RemoteInvocation, log: Log): Promise<Remote> {
  const { kubeconfig } = invocation.values
  if (invocation.name !== 'kubelet') {
    const { renewedRemote } = await import('./renewed-remote.ts')
    const keep =
      invocation.name === 'proxy' ? (await import('./single-proxy.ts')).keepOfPods : undefined
    return renewedRemote({ kubeconfig, clock: systemClock, log, keep })
  }
  const { bootstrapKubeconfig, nodeName, rotateCertificates } = invocation.values
  const { connectKubelet } = await import('./bootstrap-kubelet.ts')
  return connectKubelet(
    {
      nodeName: nodeName ?? hostname().toLowerCase(),
      ...{ kubeconfig, bootstrapKubeconfig, rotateCertificates },
      certificateDirectory: certificateDirectoryOf(invocation.values),
      clock: systemClock,
    },
    log,
  )
}

async function startRole(
  invocation: RemoteInvocation,
  remote: Remote,
  builtInClouds: BuiltInClouds,
): Promise<Running> {
  const { context, connection } = remote
  switch (invocation.name) {
    case 'controller-manager': {
      const { startControllerManager } = await import('./single-controller-manager.ts')
      return startControllerManager(invocation.values, remote)
    }
    case 'cloud-controller-manager': {
      const { startCloudControllerManager } = await import('./single-cloud-controller-manager.ts')
      return startCloudControllerManager(invocation.values, remote, builtInClouds)
    }
    case 'scheduler': {
      const { startSingleScheduler } = await import('./single-scheduler.ts')
      return startSingleScheduler(invocation.values, remote)
    }
    case 'kubelet': {
      const { startSingleKubelet } = await import('./single-kubelet.ts')
      return startSingleKubelet(
        remote,
        { values: invocation.values, settings: invocation.kubelet ?? {} },
        context.log,
      )
    }
    case 'proxy': {
      const { startSingleProxy } = await import('./single-proxy.ts')
      return startSingleProxy(context, invocation.values)
    }
    case 'metrics-server': {
      const { startSingleMetricsServer } = await import('./single-metrics-server.ts')
      return startSingleMetricsServer(invocation.values, remote)
    }
    case 'dns': {
      const [{ startDns }, { readNodeDns, upstreamsOf }] = await Promise.all([
        import('#dns'),
        import('./machine-dns.ts'),
      ])
      const { clusterDomain, bindAddress, port } = invocation.values
      return startDns(context, {
        clusterDomain,
        listen: [{ address: bindAddress, port }],
        upstreams: upstreamsOf(readNodeDns(), [bindAddress, new URL(connection.server).hostname]),
      })
    }
  }
}
