/** Puts one kubelet together: which part feeds which, and in what order they start and stop. */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { createEventRecorder } from '#client/events.ts'
import type { Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { PodCgroups } from './cgroups/pod-cgroups.ts'
import { Containers } from './containers/containers.ts'
import { Images } from './containers/images.ts'
import { pullCredentials } from './containers/pull-secrets.ts'
import { Pulls } from './containers/pulls.ts'
import { createCredentials } from './credentials/create.ts'
import { createNodeDevices, type NodeDevices } from './devices/node-devices.ts'
import { SetKeeper } from './division/keep-sets.ts'
import { ImageCollector } from './eviction/image-collector.ts'
import { LocalUsage } from './eviction/local-usage.ts'
import { NodePressure } from './eviction/node-pressure.ts'
import { StorageEviction } from './eviction/storage-eviction.ts'
import { countTimes, figuresIn, observe } from './figures/count.ts'
import { tellGauges } from './figures/gauges.ts'
import { NodeStartup } from './figures/node-startup.ts'
import { StartTimes } from './figures/start-times.ts'
import { ImageAccess } from './image-access/image-access.ts'
import { LogRotation } from './logs/rotation.ts'
import { NodeAgent } from './node/node-agent.ts'
import { allocatableOf } from './node/node-object.ts'
import { RuntimeHealth } from './node/runtime-health.ts'
import type { KubeletContext } from './options.ts'
import { createPluginRegistration } from './plugin-registration/create.ts'
import type { PluginRegistration } from './plugin-registration/plugin-registration.ts'
import { PodEvents } from './pod-events.ts'
import { type Pod, uidOf } from './pod-types.ts'
import { refusal } from './pods/admission.ts'
import { countEnds } from './pods/ended-containers.ts'
import type { PodParts } from './pods/pod-parts.ts'
import { PodWorkers } from './pods/pod-workers.ts'
import { Backoff } from './pods/restart-backoff.ts'
import { RuntimeCache } from './pods/runtime-cache.ts'
import { Taken } from './pods/taken.ts'
import { Probes } from './probes/probes.ts'
import { Deferred } from './resize/deferred.ts'
import { createResizeFigures } from './resize/figures.ts'
import { createServer } from './server/server.ts'
import { NodeShutdown } from './shutdown/node-shutdown.ts'
import { StaticPods } from './static-pods/static-pods.ts'
import { StatusWriter } from './status/status-writer.ts'
import { UserNamespaces } from './user-namespaces/user-namespaces.ts'
import { tellVolumeCounts } from './volumes/storage-figures.ts'
import { Volumes } from './volumes/volumes.ts'

export function createKubelet(
  context: KubeletContext,
): Running & { readonly transport: Transport; readonly registered: Promise<void> } {
  const { client, clock, log, random, informers, options } = context
  const { runtime, nodeName, relistMs, figures } = options
  const recorder = createEventRecorder(client, {
    clock,
    random,
    log,
    component: 'kubelet',
    host: nodeName,
  })
  const events = new PodEvents(recorder)
  const wake = (uid: string) => workers.wake(uid)
  const cache = new RuntimeCache({
    ...{ runtime, clock, log, relistMs },
    changed: wake,
    listedIn(tookMs, sinceMs) {
      observe(context, 'kubelet_pleg_relist_duration_seconds', tookMs / 1000)
      if (sinceMs !== undefined)
        observe(context, 'kubelet_pleg_relist_interval_seconds', sinceMs / 1000)
    },
    podAskedIn: tookMs =>
      observe(context, 'kubelet_pleg_pod_relist_duration_seconds', tookMs / 1000),
    ended: countEnds(figures, uid => workers.get(uid)?.pod),
  })
  const health = new RuntimeHealth(context, cache)
  const nodeAgent: NodeAgent = new NodeAgent({
    context,
    health: () => shutdown.with(health.report()),
    abilities: () => health.abilities(),
    pressure: () => pressure.conditions,
    volumesInUse: () => volumes.csi?.volumes.inUse ?? [],
    devices: () => devices.amounts,
    moved: () => workers.lookAnew(),
    tell: (node, { type, reason, message }) => recorder.record(node, type, reason, { message }),
  })
  const staticPods: StaticPods = new StaticPods({
    context,
    workers: () => workers,
    statusWriter: () => statusWriter,
    node: () => nodeAgent.node,
  })
  const statusWriter = new StatusWriter(client, clock, log, staticPods.objectOf)
  statusWriter.told = tookMs =>
    observe(context, 'kubelet_pod_status_sync_duration_seconds', tookMs / 1000)
  const times = new StartTimes(context)
  const probes = new Probes(context, events, wake)
  const allocatable = allocatableOf(context)
  const credentials = createCredentials(context)
  const access = new ImageAccess(context)
  const images = new Images({
    ...{ context, runtime, clock, events, times, access },
    pulls: new Pulls(context),
    credentialsFor: async (pod, image) => [
      ...(await pullCredentials(pod, image, context, names =>
        events.warning(
          pod,
          'FailedToRetrieveImagePullSecret',
          `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`,
        ),
      )),
      ...(await credentials.for(pod, image)),
    ],
  })
  const volumes: Volumes = new Volumes({
    context,
    fields: pod =>
      containers.fields(
        pod,
        (pod.status?.podIPs ?? []).map(({ ip }) => ip),
      ),
    node: () => nodeAgent.node,
    hurry: () => nodeAgent.hurry(),
    tell: (about, type, reason, message) => recorder.record(about, type, reason, { message }),
  })
  const devices: NodeDevices = createNodeDevices({
    context,
    workers: () => workers.all(),
    nodeChanged: () => nodeAgent.hurry(),
    podsAffected: uids => {
      for (const uid of uids) wake(uid)
    },
  })
  const containers: Containers = new Containers({
    context,
    cache,
    events,
    images,
    volumes,
    devices,
    allocatable,
    swap: () => cgroups.swap,
    isStatic: staticPods.isStatic,
  })
  const usage = new LocalUsage({ context, cache, volumes })
  const storageEviction = new StorageEviction({ context, events, usage })
  const imageCollector = new ImageCollector({
    ...{ context, cache, access },
    workers: () => workers.all(),
    tell(reason, message) {
      const { node } = nodeAgent
      if (node) recorder.record(node, 'Warning', reason, { message })
    },
  })
  const pressure = new NodePressure({
    ...{ context, cache, events, usage, images: imageCollector },
    workers: () => workers.all(),
    changed: () => nodeAgent.hurry(),
  })
  const cgroups = new PodCgroups({ context, allocatable, pods: () => workers.countedPods() })
  const taken = new Taken()
  const setKeeper = new SetKeeper(context, cache)
  const runtimeHandlers = () => health.abilities().handlers
  if (options.division) options.division.told = (name, times) => countTimes(context, name, times)
  const parts: PodParts = {
    context,
    cache,
    cgroups,
    events,
    images,
    containers,
    volumes,
    devices,
    probes,
    backoff: new Backoff(clock, options.maxRestartBackoffMs),
    statusWriter,
    storageEviction,
    taken,
    allocatable,
    deferred: new Deferred(),
    resizeFigures: createResizeFigures(figures, () => workers.all()),
    setKeeper,
    runtimeHandlers,
    userNamespaces: new UserNamespaces({ context, handlers: runtimeHandlers }),
    times,
    client: {
      async removePod(pod) {
        if (staticPods.isStatic(uidOf(pod))) return staticPods.ended(pod)
        await statusWriter.flush(uidOf(pod))
        await removePod(context, pod)
      },
    },
    refuse: ({ pod, requests }) =>
      shutdown.refusal() ??
      pressure.refusal(pod) ??
      refusal({
        pod,
        requests,
        taken,
        others: () => workers.countedPods(),
        node: nodeAgent.node,
        allocatable,
        maxPods: options.maxPods,
        operatingSystem: options.hostAccess.facts.operatingSystem,
        allowedUnsafeSysctls: options.allowedUnsafeSysctls,
      }),
    readNode: () => nodeAgent.read(),
    networkProblem: () => health.report().networkProblem,
    gone(worker) {
      credentials.forget(worker.uid)
      workers.gone(worker)
      staticPods.gone(worker.uid)
    },
  }
  const workers: PodWorkers = new PodWorkers(parts)
  const shutdown = new NodeShutdown({
    context,
    workers: () => workers.all(),
    told: uid => statusWriter.flush(uid),
    changed: () => nodeAgent.hurry(),
    node: () => nodeAgent.node,
    tell: (node, reason, message) => recorder.record(node, 'Normal', reason, { message }),
  })
  tellGauges({
    ...{ context, cache, times, workers: () => workers.all() },
    isStatic: staticPods.isStatic,
    mirrors: () => staticPods.mirrorCount,
    cgroupVersion: () => cgroups.version,
    leftovers: workers.leftovers,
  })
  const startup = new NodeStartup(context)
  startup.tell(figures)
  const rotation = new LogRotation(context, cache)
  tellVolumeCounts(figures, () =>
    volumes.counts(workers.all().flatMap(({ pod, mode }) => (mode === 'running' ? [pod] : []))),
  )
  let plugins: PluginRegistration | undefined
  const pods = informers.for(podKind, { fieldSelector: `spec.nodeName=${nodeName}` })
  const ownNode = informers.for(nodeKind, { fieldSelector: `metadata.name=${nodeName}` })
  const unsubscribe = [
    ownNode.subscribe({
      changed(node) {
        nodeAgent.seen(node)
        volumes.csi?.seen(node)
        if (isReady(node)) startup.mark('ready')
      },
    }),
  ]
  let stopped = false

  const run = async () => {
    await Promise.all([cache.start(), volumes.startDrivers(() => workers.lookAnew())])
    await Promise.all([health.start(), cgroups.start(), devices.start()])
    void startup.findBoot()
    startup.mark('registering')
    const registering = nodeAgent.start().then(() => startup.mark('registered'))
    const startPlugins = async () => {
      const created = await createPluginRegistration(context, {
        ...devices.handlers,
        ...(volumes.csi ? { CSIPlugin: volumes.csi.drivers } : {}),
      })
      if (stopped) return
      plugins = created
      await plugins?.start()
    }
    startPlugins()
      .catch(error =>
        log.error('plugins of this node cannot register', { error: messageOf(error) }),
      )
      .finally(() => volumes.csi?.driversKnown())
    // What already runs is known before any pod is looked at, so that nothing is started twice.
    await cache.listed
    if (stopped) return
    await staticPods.start()
    await pods.synced
    if (stopped) return
    unsubscribe.push(
      pods.subscribe({
        changed(pod, previous) {
          if (staticPods.seen(pod)) return
          runtime.podChanged?.(pod)
          workers.changed(pod, previous)
        },
        deleted: pod => staticPods.unseen(pod) || workers.deleted(pod),
      }),
    )
    workers.allKnown()
    staticPods.apiKnown()
    unsubscribe.push(clock.onJump?.(() => workers.lookAnew()) ?? (() => {}))
    rotation.start()
    setKeeper.start()
    pressure.start()
    imageCollector.start()
    void shutdown.start()
    await registering
  }
  const registered = run().catch(error =>
    log.error('the kubelet could not start', { error: messageOf(error) }),
  )

  return {
    transport: createServer({
      ...{ context, cache, workers, usage, volumes },
      startedMs: clock.now(),
      figures: figuresIn(figures),
      probeFigures: () => probes.figures(),
    }),
    registered,
    async stop() {
      stopped = true
      for (const each of unsubscribe) each()
      probes.stopAll()
      rotation.stop()
      storageEviction.stop()
      await staticPods.stop()
      await workers.halt()
      await Promise.all([
        pressure.stop(),
        imageCollector.stop(),
        shutdown.stop(),
        plugins?.stop().then(() => devices.stop()) ?? devices.stop(),
        setKeeper.stop(),
        nodeAgent.stop(),
        cache.stop(),
        health.stop(),
        statusWriter.stop(),
      ])
      volumes.stop()
      workers.release()
      await recorder.stop()
    },
  }
}

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

/** The last step of a pod's end: the object goes, unless it is another of the same name. */
async function removePod({ client }: KubeletContext, pod: Pod): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata
  try {
    await client.delete(podKind, { name, namespace }, { gracePeriodSeconds: 0, uid: uidOf(pod) })
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'Conflict')) throw error
  }
}
