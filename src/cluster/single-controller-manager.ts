/** The controllers as a process of their own: elected, and with a port that tells how they are. */
import { parseCidr } from '#base/cidr.ts'
import { UserError } from '#base/errors.ts'
import { parseFeatureGates } from '#base/feature-gates.ts'
import type { ValuesOf } from '#cli'
import { meterTransport } from '#client/metered-transport.ts'
import type { Running } from '#client/role.ts'
import type { RunningControllers } from '#controllers'
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
  const prefixLength = prefixLengthOf(values)
  let running: RunningControllers | undefined
  const accounts = values.useServiceAccountCredentials ? await accountClientsOf(remote) : undefined
  const led = startLed('kube-controller-manager', context, () => {
    running = startControllers(context, {
      figures,
      featureGates,
      ...(accounts ? { clientAs: name => accounts.clientAs(name) } : {}),
      enabled: values.controllers,
      clusterCidr: values.clusterCidr,
      ...(prefixLength === undefined ? {} : { nodePrefixLength: prefixLength }),
      terminatedPodThreshold: values.terminatedPodGcThreshold,
      ...(certificateAuthority ? { certificateAuthority } : {}),
      ...(signing ? { signing } : {}),
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

/** Of the part of each node, which must be one. */
function prefixLengthOf({
  nodeCidrMaskSize: size,
  nodeCidrMaskSizeIpv4: ofIpv4 = size,
  clusterCidr,
}: ValuesOf<'controller-manager'>): number | undefined {
  if (ofIpv4 === undefined) return undefined
  const whole = parseCidr(clusterCidr, '--cluster-cidr').prefixLength
  if (ofIpv4 < whole || ofIpv4 > SMALLEST_PART)
    throw new UserError(
      `--node-cidr-mask-size ${ofIpv4} must be from ${whole}, that of --cluster-cidr, to ${SMALLEST_PART}`,
    )
  return ofIpv4
}
/** A node needs addresses for a few pods. */
const SMALLEST_PART = 30

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
