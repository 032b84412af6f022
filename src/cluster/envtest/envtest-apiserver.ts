/** What envtest starts as kube-apiserver: one API server in memory, with its own keys in memory, too; with controllers and nodes where somebody asked for them. */
import { hostname } from 'node:os'
import { parseFeatureGates } from '#base/feature-gates.ts'
import { flagTexts, type ValuesOf } from '#cli'
import type { Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { endWithParent, onTermination } from '#host/signals.ts'
import { accessOptionsOf } from '../access-options.ts'
import { auditOptionsOf } from '../audit-options.ts'
import { DEFAULT_DOMAIN, type LoadHollowMachine } from '../options.ts'
import { securityWantedBy } from '../security-options.ts'
import { servingOptionsOf } from '../serving-options.ts'
import { storageOptionsOf } from '../storage-options.ts'
import { isStandIn } from './etcd-stand-in.ts'

type Values = ValuesOf<'envtest apiserver'>

export async function runEnvtestApiServer(
  values: Values,
  hollowMachine: LoadHollowMachine,
): Promise<void> {
  const server = await start(values, hollowMachine)
  onTermination(() => server.stop())
  endWithParent()
  boundHeap()
  process.stdout.write(`The API server listens on ${server.url}\n`)
}

/** Throws UserErrors. */
async function start(
  values: Values,
  hollowMachine: LoadHollowMachine,
): Promise<Running & { readonly url: string | undefined }> {
  const { nodes, controllers = nodes.kind === 'none' ? '' : '*' } = values
  const machine = { files: systemFiles, clock: systemClock, log: systemLog(values.logLevel) }
  const serverOnly = controllers === '' && nodes.kind === 'none'
  // The module is loaded while etcd is asked.
  const [storage, single] = await Promise.all([
    storageOf(values),
    serverOnly ? import('../single-apiserver.ts') : undefined,
  ])
  const common = {
    ...storage,
    ...servingOptionsOf(values, machine),
    ...auditOptionsOf(values),
    ...accessOptionsOf({ ...values, authorizationMode: authorizationModeOf(values) }),
    security: securityWantedBy(values, machine.files),
    ...(values.advertiseAddress === undefined ? {} : { advertiseAddress: values.advertiseAddress }),
    listen: { address: values.bindAddress, port: values.securePort },
    serviceClusterIpRange: values.serviceClusterIpRange,
    runtimeConfig: values.runtimeConfig,
    featureGates: parseFeatureGates(values.featureGates),
    flags: flagTexts('envtest apiserver', values),
    bootstrapTokenAuth: values.enableBootstrapTokenAuth,
    clusterDomain: DEFAULT_DOMAIN,
    clock: machine.clock,
    random: systemRandom,
    log: machine.log,
  }
  if (single) return single.startSingleApiServer({ ...common, nodeName: hostname().toLowerCase() })
  const { startCluster } = await import('../start-cluster.ts')
  return startCluster({ ...common, nodes, controllers, hollowMachine })
}

/** Envtest asks for RBAC alone, which gives nodes no rights: upstream has none there. */
export function authorizationModeOf({
  nodes,
  authorizationMode: modes,
}: Pick<Values, 'nodes' | 'authorizationMode'>): readonly string[] | undefined {
  const lacksNodes = modes?.includes('RBAC') && !modes.includes('Node')
  return modes && lacksNodes && nodes.kind !== 'none' ? ['Node', ...modes] : modes
}

/** A real etcd is used as one; beside the stand-in everything is in memory, and so it is without any. */
async function storageOf(values: Values): Promise<ReturnType<typeof storageOptionsOf>> {
  const { etcdServers: servers, storageBackend } = values
  if (servers.length > 0 && storageBackend !== 'memory' && !(await isStandIn(servers)))
    return storageOptionsOf(values)
  return storageOptionsOf({ ...values, etcdServers: [], storageBackend: 'memory' })
}
