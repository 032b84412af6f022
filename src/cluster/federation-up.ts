/** `proa federation up`: the API server of a federation and what places its objects, in this process. */
import { parseFeatureGates } from '#base/feature-gates.ts'
import { version } from '#base/version.ts'
import { federationReadyText, flagTexts, type ValuesOf } from '#cli'
import { systemClock } from '#host/clock.ts'
import { PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { onTermination } from '#host/signals.ts'
import { accessOptionsOf } from './access-options.ts'
import { auditOptionsOf } from './audit-options.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { keepKubeconfig } from './kept-kubeconfig.ts'
import { layoutOf } from './layout.ts'
import type { LoadHollowMachine } from './options.ts'
import { clusterLeavingMs, servingOptionsOf } from './serving-options.ts'
import { startCluster } from './start-cluster.ts'
import { storageOptionsOf } from './storage-options.ts'

/** Throws UserErrors. */
export async function federationUp(
  values: ValuesOf<'federation up'>,
  hollowMachine: LoadHollowMachine,
): Promise<void> {
  const directory = dataDirectoryOf(values.dataDirectory)
  const log = systemLog(values.logLevel)
  const cluster = await startCluster({
    dataDirectory: directory,
    ...storageOptionsOf(values),
    ...auditOptionsOf(values),
    ...accessOptionsOf(values),
    ...servingOptionsOf(values, { files: systemFiles, clock: systemClock, log }),
    federation: {
      monitorPeriodMs: values.clusterMonitorPeriodMs,
      unavailableDelayMs: values.clusterUnavailableDelayMs,
    },
    listen: { address: values.bindAddress, port: values.securePort },
    serviceClusterIpRange: values.serviceClusterIpRange,
    runtimeConfig: values.runtimeConfig,
    featureGates: parseFeatureGates(values.featureGates),
    flags: flagTexts('federation up', values),
    bootstrapTokenAuth: values.enableBootstrapTokenAuth,
    log,
    clock: systemClock,
    random: systemRandom,
    // There are no nodes.
    hollowMachine,
  })
  onTermination(() => cluster.stop(), clusterLeavingMs(values))
  boundHeap()
  const kubeconfig = values.writeKubeconfig ?? layoutOf(directory).adminKubeconfig
  keepKubeconfig({
    clock: systemClock,
    log,
    text: () => cluster.kubeconfig ?? '',
    write: text => systemFiles.writeAtomically(kubeconfig, text, PRIVATE_FILE),
  })
  process.stdout.write(
    federationReadyText({
      version: version.gitVersion,
      url: cluster.url ?? '',
      kubeconfig,
      elapsedMs: systemClock.monotonicMs(),
      dataDirectory: directory,
    }),
  )
}
