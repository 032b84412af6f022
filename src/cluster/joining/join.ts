/** `proa join`: this machine becomes a node of a cluster elsewhere: kubelet, rules of Services and policies, and routes, in one process. */
import { hostname } from 'node:os'
import { join as joinPath } from 'node:path'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Invocation, ValuesOf } from '#cli'
import type { Client } from '#client/client.ts'
import type { Running } from '#client/role.ts'
import { systemClock } from '#host/clock.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE, systemFiles } from '#host/files.ts'
import { boundHeap } from '#host/heap-bounds.ts'
import { systemLog } from '#host/log.ts'
import { onTermination } from '#host/signals.ts'
import { nodeSpecOf } from '#kubelet'
import { startNetworkPolicies, startPodRoutes } from '#network'
import { startProxy } from '#proxy'
import { connectKubelet } from '../bootstrap-kubelet.ts'
import { certificateDirectoryOf, dataDirectoryOf } from '../data-directory.ts'
import { type Configured, configuredNode, type KubeletSettings } from '../kubelet-settings.ts'
import { type Layout, layoutOf } from '../layout.ts'
import { machineReadiness } from '../machine-readiness.ts'
import { kubeconfigOf } from '../pki/kubeconfig.ts'
import { registrationOf } from '../registration.ts'
import { type Remote, remoteContext } from '../remote-context.ts'
import { startSingleKubelet } from '../single-kubelet.ts'
import { keepOfPods } from '../single-proxy.ts'
import { type ClusterFacts, factsOf, readFacts } from './cluster-facts.ts'
import { discoverCluster } from './discovery.ts'
import { checkKnownCluster, checkKnownNode, checkStillGood } from './known-node.ts'

type JoinInvocation = Extract<Invocation, { name: 'join' }>
type JoinValues = ValuesOf<'join'>

/** Throws UserErrors. Resolves when the node runs; the process then lives until a signal ends it. */
export async function join({ values: given, positionals }: JoinInvocation): Promise<void> {
  const log = systemLog(given.logLevel)
  const configured = await configuredNode(given, log)
  const { values } = configured
  const layout = layoutOf(dataDirectoryOf(values.dataDirectory))
  if (systemFiles.exists(layout.state))
    throw new UserError(
      `${layout.directory} holds a cluster of its own; "proa reset" removes it, or --data-dir chooses another directory`,
    )
  const readiness = await machineReadiness({
    install: values.install,
    tell: text => process.stdout.write(`${text}\n`),
  })
  if (!readiness.ready) throw new UserError(readiness.reason)
  const nodeName = values.nodeName ?? hostname().toLowerCase()
  const [wrong] = isDns1123Subdomain(nodeName)
  if (wrong)
    throw new UserError(
      `${JSON.stringify(nodeName)} is not a name that a node can have; --node-name gives it another (${wrong})`,
    )
  const joined = new Joined(configured, nodeName, layout, log)
  try {
    const server = await joined.start(positionals[0])
    process.stdout.write(`The node ${nodeName} has joined the cluster at ${server}\n`)
  } catch (error) {
    await joined.stop()
    throw error
  }
  onTermination(() => joined.stop())
  boundHeap()
}

/** What has to be known of the cluster and of the node's part in it. */
interface Known extends ClusterFacts {
  /** Of both families with a comma between them. */
  readonly podCidr: string
}

class Joined implements Running {
  readonly #values: JoinValues
  readonly #settings: KubeletSettings
  readonly #nodeName: string
  readonly #layout: Layout
  readonly #log: Log
  readonly #kubeconfig: string
  readonly #running: Running[] = []
  #rules: Remote | undefined

  constructor(
    { values, settings }: Configured<JoinValues>,
    nodeName: string,
    layout: Layout,
    log: Log,
  ) {
    this.#values = values
    this.#settings = settings
    this.#nodeName = nodeName
    this.#layout = layout
    this.#log = log
    this.#kubeconfig = joinPath(layout.directory, 'kubelet.conf')
  }

  /** Resolves with where the API server is. */
  async start(address: string | undefined): Promise<string> {
    const remote = await this.#connect(address)
    this.#running.push(remote)
    const { client } = remote.context
    const { podCidr, ...facts } = await this.#known(client)
    const policies = this.#startRules(remote, facts)
    const kubelet = await startSingleKubelet(
      remote,
      {
        values: {
          ...this.#values,
          // The ranges of this node's own pods: their first addresses are the host's.
          clusterCidr: podCidr,
          ...{
            serviceClusterIpRange: facts.serviceClusterIpRange,
            clusterDomain: facts.clusterDomain,
          },
          ...{ kubeconfig: this.#kubeconfig, bootstrapKubeconfig: undefined },
          ...{ certificateDirectory: undefined, rotateCertificates: true, failSwapOn: false },
          ...{
            rotateServerCertificates: true,
            tlsCertFile: undefined,
            tlsPrivateKeyFile: undefined,
          },
        },
        settings: this.#settings,
      },
      this.#log,
      {
        servingNames: [this.#nodeName],
        ...(policies ? { addressed: (pod, ips) => policies.admit(pod, ips) } : {}),
      },
    )
    this.#running.push(kubelet)
    return remote.connection.server
  }

  async stop(): Promise<void> {
    for (const part of this.#running.splice(0).reverse()) await part.stop()
  }

  /** As the node, if it has joined before; else as whoever has a token, to become it. */
  async #connect(address: string | undefined): Promise<Remote> {
    const bootstrap = joinPath(this.#layout.directory, 'bootstrap-kubelet.conf')
    // Of one who was killed while he joined: there is a token in it.
    systemFiles.remove(bootstrap)
    const identity = {
      nodeName: this.#nodeName,
      kubeconfig: this.#kubeconfig,
      bootstrapKubeconfig: undefined,
      certificateDirectory: certificateDirectoryOf({
        certificateDirectory: undefined,
        dataDirectory: this.#layout.directory,
        rootDirectory: this.#settings.rootDirectory,
      }),
      rotateCertificates: true,
      renewed: () => this.#rules?.reconnect(),
      clock: systemClock,
    }
    await checkKnownNode(this.#kubeconfig, this.#nodeName)
    if (this.#values.token === undefined) {
      if (systemFiles.exists(this.#kubeconfig)) {
        await checkStillGood(this.#kubeconfig, systemClock)
        return connectKubelet(identity, this.#log)
      }
      throw new UserError(
        'this machine is no node yet: proa join ADDRESS --token TOKEN --discovery-token-ca-cert-hash sha256:HASH; "proa token create --print-join-command" prints all of it where the cluster is',
      )
    }
    const found = await discoverCluster({ ...wayOf(this.#values, address), clock: systemClock })
    await checkKnownCluster(this.#kubeconfig, found, systemClock)
    systemFiles.makeDirectory(this.#layout.directory, PRIVATE_DIRECTORY)
    const { server, certificateAuthority: ca = '' } = found
    const text = kubeconfigOf({ server, ca, user: 'bootstrap', token: this.#values.token })
    systemFiles.writeAtomically(bootstrap, text, PRIVATE_FILE)
    try {
      return await connectKubelet({ ...identity, bootstrapKubeconfig: bootstrap }, this.#log)
    } finally {
      systemFiles.remove(bootstrap)
    }
  }

  /** What was known at the last start counts while the API server is away, so that pods run nevertheless. */
  async #known(client: Client): Promise<Known> {
    const file = joinPath(this.#layout.directory, 'cluster.json')
    try {
      const facts = await readFacts(client)
      const podCidr = await rangeOfNode(client, {
        ...{ nodeName: this.#nodeName, clock: systemClock },
        spec: nodeSpecOf(registrationOf(this.#values)),
        labels: Object.fromEntries(this.#values.nodeLabels),
      })
      const text = JSON.stringify({ ...facts, podCidr }, null, 2)
      systemFiles.writeAtomically(file, `${text}\n`, PRIVATE_FILE)
      return { ...facts, podCidr }
    } catch (error) {
      const kept = systemFiles.read(file)
      if (!kept || error instanceof UserError) throw error
      this.#log.warn('the API server is away; the node starts with what it knew of the cluster', {
        error: messageOf(error),
      })
      const { podCidr, ...facts } = JSON.parse(kept.toString())
      return { ...factsOf(facts), podCidr }
    }
  }

  /** Services, policies and routes: with a view of all pods, of which little is kept. */
  #startRules({ connection }: Remote, { clusterCidr }: ClusterFacts) {
    const { instance } = this.#layout
    const { networkPolicy, podRoutes: mode } = this.#values
    const nodeName = this.#nodeName
    const remote = remoteContext(connection, this.#log, undefined, keepOfPods)
    this.#rules = remote
    const { context } = remote
    this.#running.push(remote)
    const policies = networkPolicy
      ? startNetworkPolicies(context, { nodeName, instance })
      : undefined
    if (policies) this.#running.push(policies)
    this.#running.push(startPodRoutes(context, { nodeName, clusterCidr, instance, mode }))
    // Not waited for: pods of before run on while the API server is away, and are looked after.
    const places = { healthzBindAddress: undefined, metricsBindAddress: undefined }
    const proxy = startProxy(context, { nodeName, clusterCidr, table: instance, ...places })
    proxy.catch(error =>
      this.#log.error('services can not be reached by pods', { error: messageOf(error) }),
    )
    this.#running.push({
      stop: async () => void (await (await proxy.catch(() => undefined))?.stop()),
    })
    return policies
  }
}

function wayOf({ token = '', caCertHashes, skipsCaVerification }: JoinValues, address?: string) {
  if (address === undefined)
    throw new UserError(
      'proa join needs the address of the API server: proa join ADDRESS --token TOKEN …',
    )
  if (caCertHashes.length === 0 && !skipsCaVerification)
    throw new UserError(
      '--discovery-token-ca-cert-hash is needed: without it, whoever once had the token could pretend to be the cluster; --discovery-token-unsafe-skip-ca-verification takes that risk',
    )
  return { address, token, hashes: skipsCaVerification ? [] : caCertHashes }
}

const RANGE_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 100

export interface NewNode {
  readonly nodeName: string
  readonly spec: NonNullable<Node['spec']>
  readonly labels: Readonly<Record<string, string>>
  readonly clock: Clock
}

/** The range of the node's pods. Where it is new, it is registered for that: only the control plane knows which ranges are free. */
export async function rangeOfNode(
  client: Pick<Client, 'get' | 'create'>,
  { nodeName, spec, labels, clock }: NewNode,
): Promise<string> {
  const started = clock.monotonicMs()
  for (;;) {
    const found = await nodeOf(client, nodeName)
    const { podCIDR, podCIDRs } = found?.spec ?? {}
    if (podCIDR) return podCIDRs?.length ? podCIDRs.join() : podCIDR
    if (!found)
      await client
        .create(nodeKind, { metadata: { name: nodeName, labels: { ...labels } }, spec })
        .catch(error => {
          if (!isStatus(error, 'AlreadyExists')) throw error
        })
    if (clock.monotonicMs() - started > RANGE_WITHIN_MS)
      throw new UserError(
        `nobody gives the node ${nodeName} a range of pod addresses; does node-ipam-controller run, and are ranges left?`,
      )
    await sleep(clock, LOOK_EVERY_MS)
  }
}

async function nodeOf(client: Pick<Client, 'get'>, name: string): Promise<Node | undefined> {
  try {
    return await client.get(nodeKind, name)
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}
