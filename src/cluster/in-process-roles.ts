/** The roles beside the API server: controllers, scheduler and nodes, which share one set of informers. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { ApiServer, NodeConnector, UserInfo } from '#apiserver'
import { signToken } from '#apiserver/authentication/jwt.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import { namesIn } from '#base/pki/names-in.ts'
import { version } from '#base/version.ts'
import { createClient } from '#client/api-client.ts'
import type { Informers } from '#client/informer.ts'
import { createInformers } from '#client/informers.ts'
import { meterTransport } from '#client/metered-transport.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { listeningPorts } from '#host/listening.ts'
import type { RunningScheduler } from '#scheduler'
import type { RunningHollowNode, RunningNode } from './hollow-nodes.ts'
import { identities } from './identities.ts'
import { layoutOf, SYSTEM_DATA_DIRECTORY } from './layout.ts'
import type { LocalMetrics } from './local-metrics.ts'
import type { Machine } from './machine.ts'
import { nodeDirectories } from './node-directories.ts'
import { type CompleteOptions, DEFAULT_METRIC_RESOLUTION_MS } from './options.ts'
import type { Pki } from './pki/pki.ts'
import { showLeading } from './role-figures.ts'
import { tokenKeyOf } from './security-options.ts'

/** Nobody waits for measures at a start, when there is other work. */
const METRICS_DELAY_MS = 300
/** Where requests go that need no connection, as figures tell it. */
const IN_PROCESS = 'in-process'

export interface RolesOptions extends CompleteOptions {
  readonly server: ApiServer
  readonly kinds: readonly AnyKind[]
  readonly pki: Pki
  /** Where pods are real. */
  readonly machine: Machine | undefined
  /** Where it is wanted. */
  readonly metrics: LocalMetrics | undefined
  readonly connector: NodeConnector | undefined
}

interface Federating {
  readonly context: RoleContext
  start(): Running
}

export class InProcessRoles implements Running {
  readonly #options: RolesOptions
  readonly #informers: Informers
  readonly #nodes = new Map<string, RunningNode>()
  #hollowNodes: readonly RunningHollowNode[] = []
  #control: readonly Running[] = []
  /** Where a cloud has the nodes' machines. */
  #machines: Running | undefined
  /** Of the controllers; lasts over several times of leading. */
  readonly #figures = createFigureBook()
  #scheduler: RunningScheduler | undefined
  #measuring: Promise<void> | undefined
  readonly #stopping = new AbortController()

  constructor(options: RolesOptions) {
    this.#options = options
    const { server, clock, random, log } = options
    const client = createClient(server.transportFor(identities.cache))
    this.#informers = createInformers(client, { clock, log, random })
  }

  get nodes(): ReadonlyMap<string, RunningNode> {
    return this.#nodes
  }

  get hollowNodes(): readonly RunningHollowNode[] {
    return this.#hollowNodes
  }

  async start(): Promise<void> {
    const { server } = this.#options
    await this.startControl()
    server.show(this.#figures.source)
    server.show(() => this.#scheduler?.figuresBeside() ?? [])
    await this.#startNodes()
    this.#measuring = this.#startMetrics()
  }

  /** Starts controllers and scheduler. */
  async startControl(): Promise<void> {
    // What a reset took away.
    void this.#options.metrics?.ensure().catch(this.#cannotMeasure)
    const { controllers, kinds, clusterCidr, pki, etcd, featureGates } = this.#options
    // Loaded now only, when the API answers already.
    const [{ SIGNERS, startControllers }, { startScheduler }] = await Promise.all([
      import('#controllers'),
      import('#scheduler'),
    ])
    const manager = this.#contextFor(identities.controllerManager, this.#figures)
    const tokenKey = tokenKeyOf(pki, this.#options.security)
    const scheduler = this.#contextFor(identities.scheduler)
    const control = () =>
      startControllers(manager, {
        figures: this.#figures,
        clientAs: account => this.#contextFor(identities.account(account), this.#figures).client,
        enabled: controllers,
        kinds: () => kinds,
        featureGates,
        clusterCidr,
        certificateAuthority: pki.authority,
        nodeDirectories: nodeDirectories(
          localPathRoot(this.#options),
          name => this.#nodes.get(name)?.files,
        ),
        ...(this.#options.machine ? { takenPorts: takenPortsOf(this.#options.machine) } : {}),
        balancesByClassOnly: hasCloud(this.#options),
        tokens: { sign: claims => signToken(claims, tokenKey) },
        serverNames: this.#serverNames(),
        signing: {
          authorities: Object.fromEntries(SIGNERS.map(name => [name, () => pki.signer])),
        },
      })
    const schedule = () => {
      this.#scheduler = startScheduler(scheduler, { figures: this.#figures, featureGates })
      return this.#scheduler
    }
    const federate = await this.#federation()
    const ofCloud = this.#ofCloud()
    if (!etcd) {
      // One after the other, so that what one refuses ends those before it.
      const started: Running[] = []
      this.#control = started
      started.push(federate ? federate.start() : schedule())
      started.push(control())
      if (ofCloud) started.push(await ofCloud())
      return
    }
    // Other processes may share the store: of all, one controls and one schedules.
    const { startLed } = await import('./led-role.ts')
    const led = [
      startLed('kube-controller-manager', manager, control),
      federate
        ? startLed('federation-controller-manager', federate.context, federate.start)
        : startLed('kube-scheduler', scheduler, schedule),
      ...(ofCloud ? [startLed('cloud-controller-manager', this.#cloudContext(), ofCloud)] : []),
    ]
    showLeading(this.#figures, led)
    this.#control = led
  }

  /** On the host of a federation there is nothing to schedule. */
  async #federation(): Promise<Federating | undefined> {
    const { federation } = this.#options
    if (!federation) return undefined
    const { startFederation } = await import('#federation')
    const context = this.#contextFor(identities.federation, this.#figures)
    const options = { figures: this.#figures, ...federation }
    return { context, start: () => startFederation(context, options) }
  }

  /** Starts the controllers of the cloud, where there is one. */
  #ofCloud(): (() => Promise<Running>) | undefined {
    const { cloud, cloudControllers: settings = {}, clusterCidr } = this.#options
    if (!cloud) return undefined
    return async () => {
      const { startCloudControl } = await import('./in-process-cloud.ts')
      const options = { cloud, settings, clusterCidr, figures: this.#figures }
      return startCloudControl(this.#cloudContext(), options)
    }
  }

  #cloudContext(): RoleContext {
    return this.#contextFor(identities.cloudControllerManager, this.#figures)
  }

  /** Ends them; nothing that they decided is still to be written afterwards. */
  async stopControl(): Promise<void> {
    await Promise.all(this.#control.map(part => part.stop()))
  }

  #serverNames(): readonly string[] {
    const { pki, security, http } = this.#options
    const shown = [pki.server().certificate, security?.serving?.certificate ?? '']
    return [
      ...shown.filter(Boolean).flatMap(namesIn),
      ...(http?.named?.() ?? []).flatMap(({ names }) => names),
    ]
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#measuring
    await this.#options.metrics?.stop()
    await this.#machines?.stop()
    for (const node of [...this.#nodes.values()].reverse()) await node.stop()
    await this.stopControl()
    this.#informers.stop()
  }

  #contextFor(user: UserInfo, figures?: FigureBook): RoleContext {
    const { server, clock, random, log } = this.#options
    const transport = server.transportFor(user)
    const client = createClient(
      figures ? meterTransport(transport, figures, { host: IN_PROCESS, clock }) : transport,
    )
    return { client, informers: this.#informers, clock, random, log }
  }

  /** When all that has to be quick is over. */
  async #startMetrics(): Promise<void> {
    const { metrics, connector, clock, server, metricResolutionMs } = this.#options
    if (!metrics || !connector) return
    const figures = createFigureBook()
    try {
      await sleep(clock, METRICS_DELAY_MS, this.#stopping.signal)
      server.show(figures.source)
      await metrics.start({
        context: this.#contextFor(identities.cache),
        admin: createClient(server.transportFor(identities.admin)),
        nodes: connector,
        resolutionMs: metricResolutionMs ?? DEFAULT_METRIC_RESOLUTION_MS,
        figures,
      })
    } catch (error) {
      this.#cannotMeasure(error)
    }
  }

  readonly #cannotMeasure = (error: unknown): void => {
    if (!this.#stopping.signal.aborted)
      this.#options.log.error('the metrics server could not start', { error: messageOf(error) })
  }

  async #startNodes(): Promise<void> {
    const { nodes, machine } = this.#options
    if (nodes.kind === 'hollow') {
      const { startHollowNodes } = await import('./hollow-nodes.ts')
      this.#hollowNodes = await startHollowNodes(nodes.count, this.#options, name =>
        this.#contextFor(identities.node(name)),
      )
      for (const node of this.#hollowNodes) this.#nodes.set(node.name, node)
      const { cloud } = this.#options
      if (!cloud) return
      const { followMachines } = await import('./in-process-cloud.ts')
      this.#machines = followMachines(this.#contextFor(identities.admin), cloud, this.#hollowNodes)
    } else if (machine) {
      const node = await this.#startMachineNode(machine)
      this.#nodes.set(node.name, node)
    }
  }

  async #startMachineNode(machine: Machine): Promise<RunningNode> {
    const { startMachineNode } = await import('./machine-node.ts')
    const contexts = {
      node: this.#contextFor(identities.node(machine.nodeName)),
      proxy: this.#contextFor(identities.proxy),
      dns: this.#contextFor(identities.dns),
      admin: this.#contextFor(identities.admin),
    }
    const { clusterDomain, kubeletPort, evictionHard, pki } = this.#options
    const { allowedUnsafeSysctls, staticPodPath, registration, kubelet } = this.#options
    const { networkPolicy, podRoutes } = this.#options
    return startMachineNode(machine, contexts, {
      clusterDomain,
      version: version.gitVersion,
      pki,
      kubeletPort,
      evictionHard,
      allowedUnsafeSysctls,
      staticPodPath,
      registration,
      kubelet,
      networkPolicy,
      podRoutes,
    })
  }
}

/** Then load balancers are the cloud's, but for those that ask for ours by its class. */
const hasCloud = ({ cloud, registration }: RolesOptions): boolean =>
  cloud !== undefined || registration?.hasExternalCloud === true

/** Of other machines nobody knows here. */
function takenPortsOf({ nodeName, nodeAddresses }: Machine) {
  const none: ReadonlySet<string> = new Set()
  const taken = () => new Set(nodeAddresses.flatMap(address => [...listeningPorts(address)]))
  return (node: string) => (node === nodeName ? taken() : none)
}

/** On the disks of hollow nodes, which exist in memory, it is always the same. */
function localPathRoot({ machine, dataDirectory }: RolesOptions): string {
  return layoutOf((machine && dataDirectory) ?? SYSTEM_DATA_DIRECTORY).localPath
}
