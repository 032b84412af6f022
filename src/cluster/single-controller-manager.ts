/** The controllers as a process of their own: elected, and with a port that tells how they are. */
import { type Cidr, formatCidr, nodePrefixLengthOf, parseCidrs } from '#base/cidr.ts'
import { UserError } from '#base/errors.ts'
import { parseFeatureGates } from '#base/feature-gates.ts'
import type { ValuesOf } from '#cli'
import { meterTransport } from '#client/metered-transport.ts'
import type { Running } from '#client/role.ts'
import type { NodePrefixLengths, RunningControllers } from '#controllers'
import { systemFiles } from '#host/files.ts'
import type { AccountClients } from './account-clients.ts'
import { startLed } from './led-role.ts'
import type { Remote } from './remote-context.ts'
import { showLeading } from './role-figures.ts'
import { openRolePort } from './role-server/role-port.ts'
import { signingOptionsOf, tokenOptionsOf } from './signing-options.ts'

/** Of upstream's configuration kind, by which /configz names what it tells. */
const CONFIGURATION = 'kubecontrollermanager.config.k8s.io'

/** Resolves when the port is open; leading may come later. Throws UserErrors. */
export async function startControllerManager(
  values: ValuesOf<'controller-manager'>,
  remote: Remote,
): Promise<Running> {
  const { context, connection, figures } = remote
  const { parseEnabled, startControllers } = await import('#controllers')
  // A misspelt name must end the start, not the first time of leading.
  parseEnabled(values.controllers)
  const featureGates = parseFeatureGates(values.featureGates)
  const signing = signingOptionsOf(values, systemFiles)
  const tokens = await tokenOptionsOf(values.serviceAccountPrivateKeyFile, systemFiles)
  const certificateAuthority =
    values.rootCaFile === undefined
      ? connection.certificateAuthority
      : systemFiles.read(values.rootCaFile)?.toString()
  const nodePrefixLengths = prefixLengthsOf(values)
  let running: RunningControllers | undefined
  const accounts = values.useServiceAccountCredentials ? await accountClientsOf(remote) : undefined
  const led = startLed('kube-controller-manager', context, () => {
    running = startControllers(context, {
      figures,
      featureGates,
      ...(accounts ? { clientAs: name => accounts.clientAs(name) } : {}),
      enabled: values.controllers,
      clusterCidr: values.clusterCidr,
      nodePrefixLengths,
      terminatedPodThreshold: values.terminatedPodGcThreshold,
      ...(certificateAuthority ? { certificateAuthority } : {}),
      ...(signing ? { signing } : {}),
      serverNames: [new URL(connection.server).hostname],
      ...(tokens ? { tokens } : {}),
      legacyTokenCleanUpPeriodMs: values.legacyServiceAccountTokenCleanUpPeriodMs,
    })
    return running
  })
  showLeading(figures, [led])
  const pings = () => (running?.controllers ?? []).map(({ name }) => ({ name, isGood: () => true }))
  return openRolePort({
    name: 'controller-manager',
    values,
    remote,
    role: accounts ? inTurn(led, accounts) : led,
    led,
    checks: { healthz: pings, readyz: pings },
    figures: [figures.source],
    configuration: { [CONFIGURATION]: configurationOf(values) },
  })
}

async function accountClientsOf({ context, connection, figures }: Remote): Promise<AccountClients> {
  const { AccountClients } = await import('./account-clients.ts')
  const { client, clock } = context
  const { host } = new URL(connection.server)
  return new AccountClients({
    client,
    connection,
    clock,
    namespace: 'kube-system',
    around: transport => meterTransport(transport, figures, { host, clock }),
  })
}

/** Stops the first before the second. */
const inTurn = (first: Running, second: Running): Running => ({
  async stop() {
    await first.stop()
    await second.stop()
  },
})

type Masks = Pick<
  ValuesOf<'controller-manager'>,
  'clusterCidr' | 'nodeCidrMaskSize' | 'nodeCidrMaskSizeIpv4' | 'nodeCidrMaskSizeIpv6'
>

/** Of the part of each node, which must be one; refusals in upstream's words. */
export function prefixLengthsOf(values: Masks): NodePrefixLengths {
  const { nodeCidrMaskSize: size, nodeCidrMaskSizeIpv4, nodeCidrMaskSizeIpv6 } = values
  const ranges = parseCidrs(values.clusterCidr, '--cluster-cidr')
  const refuse = (flag: string, why: string) => {
    throw new UserError(`usage of ${flag} is not allowed ${why}`)
  }
  const ofFamilies = nodeCidrMaskSizeIpv4 ?? nodeCidrMaskSizeIpv6
  if (size !== undefined && ofFamilies !== undefined)
    refuse(
      '--node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
      'if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
    )
  if (size !== undefined && ranges.length > 1)
    refuse('--node-cidr-mask-size', 'with dual-stack clusters')
  const has = (isIpv6: boolean) => ranges.some(range => range.isIpv6 === isIpv6)
  if (nodeCidrMaskSizeIpv4 !== undefined && !has(false))
    refuse('--node-cidr-mask-size-ipv4', 'for a single-stack IPv6 cluster')
  if (nodeCidrMaskSizeIpv6 !== undefined && !has(true))
    refuse('--node-cidr-mask-size-ipv6', 'for a single-stack IPv4 cluster')
  const lengths = {
    ipv4: has(false) ? (nodeCidrMaskSizeIpv4 ?? size) : undefined,
    ipv6: has(true) ? (nodeCidrMaskSizeIpv6 ?? size) : undefined,
  }
  for (const range of ranges) checkPart(range, range.isIpv6 ? lengths.ipv6 : lengths.ipv4)
  return lengths
}

/** A node needs addresses for a few pods. */
const SMALLEST_PART = { IPv4: 30, IPv6: 126 } as const
/** Upstream's: more nodes than any cluster has. */
const MOST_NODE_BITS = 16

function checkPart(range: Cidr, asked: number | undefined): void {
  const whole = range.prefixLength
  const smallest = range.isIpv6 ? SMALLEST_PART.IPv6 : SMALLEST_PART.IPv4
  const length = asked ?? nodePrefixLengthOf(range)
  if (length < whole || length > Math.max(whole, smallest))
    throw new UserError(
      `--node-cidr-mask-size ${length} must be from ${whole}, that of --cluster-cidr, to ${smallest}`,
    )
  if (length - whole > MOST_NODE_BITS)
    throw new UserError(
      `--cluster-cidr ${formatCidr(range)} with a /${length} for each node: New CIDR set failed; the node CIDR size is too big`,
    )
}

/** In the form and under the names in which upstream tells it. */
function configurationOf(values: ValuesOf<'controller-manager'>): object {
  return {
    Generic: {
      Address: values.bindAddress,
      Port: values.securePort,
      Controllers: values.controllers.split(','),
      LeaderElection: { LeaderElect: true, ResourceName: 'kube-controller-manager' },
      Debugging: { EnableProfiling: values.profiling },
    },
    KubeCloudShared: { ClusterCIDR: values.clusterCidr },
    CSRSigningController: {
      ClusterSigningCertFile: values.clusterSigningCertFile ?? '',
      ClusterSigningKeyFile: values.clusterSigningKeyFile ?? '',
      ClusterSigningDuration: `${values.clusterSigningDurationMs / 1000}s`,
    },
    SAController: {
      RootCAFile: values.rootCaFile ?? '',
      ServiceAccountKeyFile: values.serviceAccountPrivateKeyFile ?? '',
    },
    LegacySATokenCleaner: {
      CleanUpPeriod: `${values.legacyServiceAccountTokenCleanUpPeriodMs / 1000}s`,
    },
  }
}
