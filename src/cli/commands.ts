/**
 * Every command of the one binary, as plain data: its words, its flags and one line of help. What a command does is in
 * `main.ts`, which alone may start things.
 */
import { parseRuntimeConfig } from '#api/runtime-config.ts'
import { parseCidrs } from '#base/cidr.ts'
import { UserError } from '#base/errors.ts'
import { accessFlags } from './access-flags.ts'
import { address } from './addresses.ts'
import { trust } from './apiserver-flags.ts'
import { auditing } from './audit-flags.ts'
import { cloudControllers, cloudOfCluster } from './cloud-flags.ts'
import { dashboard, dashboardOfUp } from './dashboard-flags.ts'
import { assets, envtestApiServer, envtestEtcd } from './envtest-flags.ts'
import { federationTimes, membershipCommands } from './federation-flags.ts'
import { durationFlag, type Flag, flag, portFlag, switchFlag, textFlag } from './flags.ts'
import { joining, token } from './join-flags.ts'
import { kubeletClient } from './kubelet-client-flags.ts'
import { kubeletCertificates } from './kubelet-flags.ts'
import { kubeletClusterDomain, kubeletSettings, machineSettings } from './kubelet-settings-flags.ts'
import { listTextFlag, mapFlag } from './lists.ts'
import { logLevel } from './log-level.ts'
import { kubelets, metricResolution } from './metrics-flags.ts'
import { podNetwork } from './network-flags.ts'
import {
  extendedResources,
  kubeletPort,
  kubeletServing,
  nodeLimits,
  nodeName,
  nodes,
} from './nodes.ts'
import type { OtherFlags } from './other-flags.ts'
import { proxyPlaces } from './proxy-flags.ts'
import { registration } from './registration-flags.ts'
import { roleServing } from './role-flags.ts'
import { servingFlags } from './serving-flags.ts'
import { counts, signing } from './signing-flags.ts'
import { storing } from './storing.ts'
import { surroundings } from './surroundings.ts'
import { otherApiServerFlags } from './upstream-apiserver.ts'
import { otherControllerManagerFlags, otherSchedulerFlags } from './upstream-roles.ts'

const range = (name: string, doc: string, fallback: string) =>
  flag(
    name,
    'CIDR',
    doc,
    text => {
      parseCidrs(text, `--${name}`)
      return text
    },
    fallback,
  )

const dataDirectory = textFlag(
  'data-dir',
  'DIR',
  'where everything is kept (default: /var/lib/proa as root, else ~/.local/share/proa)',
  undefined,
)
const kubeconfig = textFlag('kubeconfig', 'FILE', 'how to reach the API server', undefined)
const clusterDomain = textFlag(
  'cluster-domain',
  'NAME',
  'the DNS domain of services',
  'cluster.local',
)
const clusterCidr = range(
  'cluster-cidr',
  'addresses of pods, one range or one of each family with a comma between them; each node gets a /24 or a /64',
  '10.244.0.0/16',
)
const serviceRange = range(
  'service-cluster-ip-range',
  'addresses of Services, one range or one of each family; the first is that of Services that ask for none',
  '10.96.0.0/12',
)
const controllers = listTextFlag(
  'controllers',
  'LIST',
  'which controllers run: names, or * for all; *,-NAME leaves one out',
  '*',
)
/** Read where the role starts: what depends on what is known only when all is said. */
const featureGates = listTextFlag(
  'feature-gates',
  'NAME=BOOL,…',
  'what is not on, or off, by default, such as GangScheduling=true; give it to API server, controllers and scheduler alike',
  '',
)

const bootstrapTokens = (fallback: boolean) =>
  switchFlag(
    'enable-bootstrap-token-auth',
    'let nodes in by bootstrap tokens, Secrets in kube-system',
    fallback,
  )

const serving = {
  securePort: portFlag('secure-port', 'port of the API; 0 takes a free one', 6443),
  bindAddress: address('bind-address', 'where the API listens', '127.0.0.1'),
  serviceClusterIpRange: serviceRange,
  enableBootstrapTokenAuth: bootstrapTokens(false),
  runtimeConfig: mapFlag(
    'runtime-config',
    'API versions to serve or not: api/all=true, api/beta, GROUP/VERSION[/RESOURCE]=false',
    parseRuntimeConfig,
  ),
  featureGates,
  dataDirectory,
  writeKubeconfig: textFlag(
    'write-kubeconfig',
    'FILE',
    "the admin's kubeconfig (default: admin.conf under the data dir)",
    undefined,
  ),
}

/** What every API server is told, alone or in a cluster; the headings of help come in this order. */
const apiServer = {
  ...serving,
  ...storing,
  ...auditing,
  ...surroundings,
  ...servingFlags,
  ...accessFlags,
}
const { dataDirectory: _, writeKubeconfig: __, ...apiServerInMemory } = apiServer

/** Of the administrator, who may let others in. */
const administrator = { kubeconfig, dataDirectory }

const install = switchFlag(
  'install',
  'install missing Debian packages (containerd, runc, CNI plugins, nftables, conntrack)',
)

/** What a node of containers is told, whoever knows the cluster. */
const containerNode = {
  nodeName,
  dataDirectory,
  ...kubeletServing,
  ...nodeLimits,
  ...kubeletSettings,
  ...registration,
  install,
}

/** A command: the words that call it, its help, its flags, and how many words may follow. */
export interface Command<
  F extends Readonly<Record<string, Flag>> = Readonly<Record<string, Flag>>,
> {
  readonly doc: string
  readonly flags: F
  /** Names of the words behind the command, e.g. `FILE`. */
  readonly positionals?: readonly string[]
  /** Whatever else is said is passed over: it is called in the place of a program that has many more flags. */
  readonly isLenient?: boolean
  /** Flags of upstream's program of this name that are taken without being ours, or refused with a reason. */
  readonly others?: OtherFlags
}

export const commands = {
  up: {
    doc: 'start a whole cluster in this process',
    flags: {
      ...apiServer,
      enableBootstrapTokenAuth: bootstrapTokens(true),
      nodes,
      clusterCidr,
      clusterDomain,
      controllers,
      metricsServer: switchFlag(
        'metrics-server',
        'serve what nodes and pods use, for kubectl top and autoscalers',
        true,
      ),
      metricResolutionMs: metricResolution,
      nodeName,
      kubeletPort,
      ...podNetwork,
      extendedResources,
      ...nodeLimits,
      ...machineSettings,
      ...registration,
      ...cloudOfCluster,
      ...dashboardOfUp,
      install,
      logLevel: logLevel('warn'),
    },
  },
  dashboard,
  version: { doc: 'print the version', flags: {} },
  'token create': {
    doc: 'let machines join: make a token, and what it takes; of the form abcdef.0123456789abcdef where one is named',
    positionals: ['[TOKEN]'],
    flags: { ...administrator, ...token },
  },
  'token generate': { doc: 'print a token to make later, and tell no cluster', flags: {} },
  'token list': { doc: 'list the tokens that let machines join', flags: administrator },
  'token delete': {
    doc: 'take a token back, by its name or whole',
    positionals: ['TOKEN'],
    flags: administrator,
  },
  join: {
    doc: 'make this machine a node of the cluster at ADDRESS; later starts need none of its words',
    positionals: ['[ADDRESS]'],
    flags: { ...joining, ...containerNode, ...podNetwork, logLevel: logLevel('info') },
  },
  reset: {
    doc: 'remove everything that Proa made on this machine: containers, network, mounts, data',
    flags: { dataDirectory },
  },
  'snapshot save': {
    doc: 'save the store to a file while it is in use',
    positionals: ['FILE'],
    flags: { dataDirectory },
  },
  'snapshot restore': {
    doc: 'put a saved store in the place of the present one; nothing may run',
    positionals: ['FILE'],
    flags: {
      dataDirectory,
      bumpRevision: flag<number | undefined>(
        'bump-revision',
        'N',
        'how far the revision moves on, so that none is used twice (default: 1000000000)',
        text => {
          if (!/^[1-9]\d{0,12}$/.test(text))
            throw new UserError(`--bump-revision wants a whole number from 1 on, not "${text}"`)
          return Number(text)
        },
        undefined,
      ),
    },
  },
  'snapshot status': {
    doc: 'check a saved store whole and say what is in it',
    positionals: ['FILE'],
    flags: {},
  },
  check: {
    doc: 'check every page and row of the store, which may be in use',
    flags: { dataDirectory },
  },
  'image load': {
    doc: 'import an image from an OCI or docker tarball',
    positionals: ['FILE'],
    flags: { dataDirectory },
  },
  envtest: {
    doc: "write programs for KUBEBUILDER_ASSETS, where Go tests look for kube-apiserver and etcd, and print the directory's name",
    flags: assets,
  },
  'envtest apiserver': {
    doc: 'what kube-apiserver there runs: an API server in memory, which ends with whoever started it',
    flags: {
      ...apiServerInMemory,
      ...envtestApiServer,
      logLevel: logLevel('warn'),
    },
  },
  'envtest etcd': {
    doc: 'what etcd there runs: it tells that it is healthy and keeps nothing',
    flags: envtestEtcd,
    isLenient: true,
  },
  apiserver: {
    doc: 'run the API server alone',
    others: otherApiServerFlags,
    flags: {
      ...apiServer,
      ...trust,
      ...kubeletClient,
      nodeName,
      logLevel: logLevel('info'),
    },
  },
  'controller-manager': {
    doc: 'run the controllers alone',
    others: otherControllerManagerFlags,
    flags: {
      kubeconfig,
      controllers,
      featureGates,
      clusterCidr,
      ...counts,
      rootCaFile: textFlag(
        'root-ca-file',
        'FILE',
        "the CA put into each namespace (default: the kubeconfig's)",
        undefined,
      ),
      ...signing,
      serviceAccountPrivateKeyFile: textFlag(
        'service-account-private-key-file',
        'FILE',
        'the key that signs tokens which live in Secrets',
        undefined,
      ),
      useServiceAccountCredentials: switchFlag(
        'use-service-account-credentials',
        'each controller acts as a service account of its own in kube-system',
      ),
      legacyServiceAccountTokenCleanUpPeriodMs: durationFlag(
        'legacy-service-account-token-clean-up-period',
        'after how long without use such a token goes',
        365 * 24 * 60 * 60_000,
      ),
      ...roleServing(10257),
      logLevel: logLevel('info'),
    },
  },
  scheduler: {
    doc: 'run the scheduler alone',
    others: otherSchedulerFlags,
    flags: {
      config: textFlag(
        'config',
        'FILE',
        'a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1)',
        undefined,
      ),
      featureGates,
      kubeconfig,
      ...roleServing(10259),
      logLevel: logLevel('info'),
    },
  },
  kubelet: {
    doc: 'run a node alone, on containerd',
    flags: {
      kubeconfig,
      ...kubeletCertificates,
      ...containerNode,
      clusterCidr,
      clusterDomain: kubeletClusterDomain,
      serviceClusterIpRange: serviceRange,
      logLevel: logLevel('info'),
    },
  },
  proxy: {
    doc: 'run the service proxy alone (nftables), and enforce network policies',
    flags: {
      kubeconfig,
      nodeName,
      clusterCidr,
      dataDirectory,
      ...podNetwork,
      ...proxyPlaces,
      logLevel: logLevel('info'),
    },
  },
  'metrics-server': {
    doc: 'run the metrics server alone',
    flags: { kubeconfig, ...kubelets, ...roleServing(4443), logLevel: logLevel('info') },
  },
  'federation up': {
    doc: 'start the control plane of a federation: an API server whose objects run in the clusters that join',
    flags: {
      ...apiServer,
      ...federationTimes,
      logLevel: logLevel('warn'),
    },
  },
  ...membershipCommands(dataDirectory),
  'cloud-controller-manager': {
    doc: 'run what ties nodes and Services to a cloud alone',
    flags: { kubeconfig, ...cloudControllers, featureGates, ...roleServing(10258) },
  },
  dns: {
    doc: 'run the cluster DNS alone',
    flags: {
      kubeconfig,
      clusterDomain,
      bindAddress: address('bind-address', 'where DNS listens', '127.0.0.1'),
      port: portFlag('port', 'UDP and TCP port', 53),
      logLevel: logLevel('info'),
    },
  },
} as const satisfies Readonly<Record<string, Command>>

export type CommandName = keyof typeof commands
