/** KubeSchedulerConfiguration, kubescheduler.config.k8s.io/v1, as its file is written. */
import {
  any,
  boolean,
  double,
  duration,
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '#api/machinery/schema.ts'

const v1 = (name: string) => `io.k8s.kube-scheduler.config.v1.${name}`

const pluginRef = shape(v1('Plugin'), 'A plugin and how much its scores count.', {
  name: string().always(),
  weight: int32().optional(),
})
const pluginSet = shape(v1('PluginSet'), 'Plugins that take part at a point, and that do not.', {
  enabled: list(undefined, pluginRef),
  disabled: list(undefined, pluginRef),
})
const set = () => struct(undefined, pluginSet)

const plugins = shape(v1('Plugins'), 'Plugins by extension point.', {
  preEnqueue: set(),
  queueSort: set(),
  preFilter: set(),
  filter: set(),
  postFilter: set(),
  preScore: set(),
  score: set(),
  placementGenerate: set(),
  placementScore: set(),
  reserve: set(),
  permit: set(),
  preBind: set(),
  bind: set(),
  postBind: set(),
  multiPoint: set(),
})

const pluginConfig = shape(v1('PluginConfig'), 'The arguments of a plugin.', {
  name: string().always(),
  args: any(),
})

const profile = shape(v1('KubeSchedulerProfile'), 'A scheduler name and what decides for it.', {
  schedulerName: string().optional(),
  percentageOfNodesToScore: int32().optional(),
  plugins: struct(undefined, plugins).optional(),
  pluginConfig: list(undefined, pluginConfig),
})

const tls = shape(v1('ExtenderTLSConfig'), 'How an extender is reached over TLS.', {
  insecure: boolean(),
  serverName: string(),
  certFile: string(),
  keyFile: string(),
  caFile: string(),
  certData: string(),
  keyData: string(),
  caData: string(),
})

const managedResource = shape(v1('ExtenderManagedResource'), 'A resource that an extender keeps.', {
  name: string().always(),
  ignoredByScheduler: boolean(),
})

const extender = shape(v1('Extender'), 'Another process that has a say.', {
  urlPrefix: string().always(),
  filterVerb: string(),
  preemptVerb: string(),
  prioritizeVerb: string(),
  weight: int64(),
  bindVerb: string(),
  enableHTTPS: boolean(),
  tlsConfig: struct(undefined, tls).optional(),
  httpTimeout: duration(),
  nodeCacheCapable: boolean(),
  managedResources: list(undefined, managedResource),
  ignorable: boolean(),
})

const leaderElection = shape('LeaderElectionConfiguration', 'Who of several schedules.', {
  leaderElect: boolean().optional(),
  leaseDuration: duration(),
  renewDeadline: duration(),
  retryPeriod: duration(),
  resourceLock: string(),
  resourceName: string(),
  resourceNamespace: string(),
})

const clientConnection = shape('ClientConnectionConfiguration', 'How the API is reached.', {
  kubeconfig: string(),
  acceptContentTypes: string(),
  contentType: string(),
  qps: double(),
  burst: int32(),
})

export const configurationShape = shape(v1('KubeSchedulerConfiguration'), 'How pods are placed.', {
  apiVersion: string(),
  kind: string(),
  parallelism: int32().optional(),
  leaderElection: struct(undefined, leaderElection),
  clientConnection: struct(undefined, clientConnection),
  enableProfiling: boolean().optional(),
  enableContentionProfiling: boolean().optional(),
  percentageOfNodesToScore: int32().optional(),
  podInitialBackoffSeconds: int64().optional(),
  podMaxBackoffSeconds: int64().optional(),
  profiles: list(undefined, profile),
  extenders: list(undefined, extender),
  delayCacheUntilActive: boolean(),
  /** Not upstream's: files of plugins of one's own, relative to this one. */
  pluginFiles: list(undefined, string()),
})

export type ConfigurationFile = ValueOfShape<typeof configurationShape>
export type ProfileFile = ValueOfShape<typeof profile>
export type ExtenderFile = ValueOfShape<typeof extender>
