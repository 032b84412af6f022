/** What no compiler holds against its types, as where tests run with their types stripped: a word that is no option would change nothing, silently. */
import { UserError } from '#base/errors.ts'
import { nearest } from '#base/nearest.ts'
import type { StartOptions } from './start-cluster.ts'

/** Every option, so that the compiler notices one that is missing here. */
const KNOWN: Readonly<Record<keyof StartOptions, true>> = {
  admission: true,
  advertiseAddress: true,
  allowedUnsafeSysctls: true,
  audit: true,
  authentication: true,
  authorization: true,
  bootstrapTokenAuth: true,
  clock: true,
  cloud: true,
  cloudControllers: true,
  clusterCidr: true,
  clusterDomain: true,
  controllers: true,
  dataDirectory: true,
  encryption: true,
  etcd: true,
  eventTtlMs: true,
  evictionHard: true,
  featureGates: true,
  federation: true,
  flags: true,
  frontProxy: true,
  hollowMachine: true,
  hollowResources: true,
  http: true,
  keepsInMemory: true,
  kubelet: true,
  kubeletClient: true,
  kubeletPort: true,
  listen: true,
  log: true,
  metricResolutionMs: true,
  metricsServer: true,
  networkPolicy: true,
  nodeName: true,
  nodePorts: true,
  nodes: true,
  origin: true,
  podRoutes: true,
  random: true,
  registration: true,
  requestLimits: true,
  runtimeConfig: true,
  security: true,
  serviceClusterIpRange: true,
  staticPodPath: true,
  tolerationSeconds: true,
  tracingConfigFile: true,
}

const MOST_PORT = 65_535

/** Throws a UserError that names the option. */
export function checkGiven(options: StartOptions): void {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(KNOWN, name))
      throw new UserError(
        `startCluster has no option ${JSON.stringify(name)}${nearest(name, Object.keys(KNOWN))}`,
      )
  checkNodes(options.nodes)
  checkListen(options.listen)
  for (const name of ['controllers', 'clusterCidr', 'serviceClusterIpRange'] as const)
    checkText(name, options[name])
  for (const name of ['featureGates', 'runtimeConfig'] as const)
    if (options[name] !== undefined && !(options[name] instanceof Map))
      throw new UserError(`${name} wants a Map such as new Map([['NAME', true]])`)
}

function checkNodes(nodes: unknown): void {
  if (nodes === undefined) return
  const { kind, count } = fieldsOf(nodes)
  if (kind === 'none' || kind === 'containerd') return
  if (kind !== 'hollow')
    throw new UserError(
      `nodes wants { kind: 'hollow', count: 3 }, { kind: 'containerd' } or { kind: 'none' }, not ${shown(nodes)}`,
    )
  if (!Number.isInteger(count) || Number(count) < 1)
    throw new UserError(`nodes.count wants a whole number from 1 on, not ${shown(count)}`)
}

function checkListen(listen: unknown): void {
  if (listen === undefined) return
  if (typeof listen !== 'object' || listen === null)
    throw new UserError(
      `listen wants { port: 0 } for a free port, or one's own, not ${shown(listen)}`,
    )
  const { port, address } = fieldsOf(listen)
  if (
    port !== undefined &&
    !(Number.isInteger(port) && Number(port) >= 0 && Number(port) <= MOST_PORT)
  )
    throw new UserError(`listen.port wants a port from 0 to ${MOST_PORT}, not ${shown(port)}`)
  checkText('listen.address', address)
}

function checkText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string')
    throw new UserError(`${name} wants a text, not ${shown(value)}`)
}

const fieldsOf = (value: unknown) => (value ?? {}) as Readonly<Record<string, unknown>>
const shown = (value: unknown) => JSON.stringify(value) ?? String(value)
