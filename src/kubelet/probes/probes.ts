/**
 * Probes of running containers: one timer each, started with the container and gone with it.
 * Liveness and readiness wait until the startup probe has succeeded. A verdict that changes makes
 * the pod's worker look again.
 */
import { messageOf } from '#base/errors.ts'
import type { Figure } from '#base/figures.ts'
import type { ProbeAnswer } from '../host-access.ts'
import type { KubeletContext } from '../options.ts'
import type { PodEvents } from '../pod-events.ts'
import {
  type AnyContainer,
  type ContainerReference,
  containersOf,
  type Pod,
  type Probe,
  uidOf,
} from '../pod-types.ts'
import { type ObservedPod, readySandboxOf } from '../pods/observed-pod.ts'
import type { ContainerStatus } from '../runtime.ts'
import type { ReadyVerdict } from '../status/container-status.ts'
import { inOrderOfNode } from '../status/pod-addresses.ts'
import { askProbe } from './ask.ts'
import { Durations } from './durations.ts'
import { graceOfProbe } from './grace.ts'
import { afterAnswer, initialState, type ProbeKind, type ProbeState } from './probe-state.ts'

/** Periods shorter than this are not kept: a node's probes share one process. */
const MINIMUM_PERIOD_MS = 1_000
const DEFAULT_PERIOD_SECONDS = 10
/** So often a probe is tried at once that could not be asked. */
const TRIES = 3
/** Longest text of a probe's output in an event. */
const OUTPUT_LIMIT = 10_240

const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness']

const named = (kind: ProbeKind) => `${kind[0]?.toUpperCase()}${kind.slice(1)}`

const probeOf = (container: AnyContainer, kind: ProbeKind): Probe | undefined =>
  kind === 'startup'
    ? container.startupProbe
    : kind === 'liveness'
      ? container.livenessProbe
      : container.readinessProbe

interface Running {
  readonly kind: ProbeKind
  readonly probe: Probe
  state: ProbeState
  cancel: () => void
  asking: boolean
  /** How often it went well, and how often not. */
  readonly counts: { successful: number; failed: number }
  readonly durations: Durations
}

interface Probed {
  readonly uid: string
  readonly reference: ContainerReference
  readonly containerId: string
  readonly startedAt: number
  pod: Pod
  podIp: string
  readonly probes: Running[]
}

/** What counts before the first look: a container without a probe is started and ready as soon as it runs. */
const unprobed = (container: AnyContainer): ReadyVerdict => ({
  started: container.startupProbe === undefined,
  ready: container.readinessProbe === undefined,
  failed: undefined,
})

export class Probes {
  readonly #context: KubeletContext
  readonly #events: PodEvents
  readonly #changed: (uid: string) => void
  readonly #probed = new Map<string, Probed>()
  #stopped = false

  constructor(context: KubeletContext, events: PodEvents, changed: (uid: string) => void) {
    this.#context = context
    this.#events = events
    this.#changed = changed
  }

  /** Follows what runs now. */
  sync(pod: Pod, observed: ObservedPod): void {
    if (this.#stopped) return
    const { nodeAddresses } = this.#context.options
    const ofSandbox = readySandboxOf(observed)?.ips ?? []
    const [podIp = ''] = pod.spec?.hostNetwork
      ? nodeAddresses
      : inOrderOfNode(ofSandbox, nodeAddresses)
    const alive = new Set<string>()
    for (const reference of containersOf(pod)) {
      if (reference.kind === 'init' || reference.kind === 'ephemeral') continue
      const running = observed.containers.find(
        ({ name, state }) => name === reference.container.name && state === 'running',
      )
      if (!running) continue
      alive.add(running.id)
      const known = this.#probed.get(running.id)
      if (known) {
        known.pod = pod
        known.podIp = podIp
      } else this.#begin(pod, reference, running, podIp)
    }
    for (const [id, probed] of this.#probed)
      if (probed.uid === observed.uid && !alive.has(id)) this.stop(id)
  }

  /** `container` is what the pod says of it, for one that came up since the last `sync`. */
  verdictOf(containerId: string, container: AnyContainer): ReadyVerdict {
    const probed = this.#probed.get(containerId)
    if (!probed) return unprobed(container)
    const of = (kind: ProbeKind) => probed.probes.find(probe => probe.kind === kind)?.state
    const startup = of('startup')
    const started = startup === undefined || (startup.decided && startup.verdict === 'success')
    const failed =
      startup?.decided && startup.verdict === 'failure'
        ? ('startup' as const)
        : of('liveness')?.verdict === 'failure'
          ? ('liveness' as const)
          : undefined
    return { started, ready: of('readiness')?.verdict !== 'failure', failed }
  }

  /** The grace that the failed probe asks for. */
  graceOf(containerId: string): number | undefined {
    const probed = this.#probed.get(containerId)
    if (!probed) return undefined
    const { container } = probed.reference
    const { failed } = this.verdictOf(containerId, container)
    return failed ? graceOfProbe(container, failed) : undefined
  }

  /** From now on only readiness matters: a pod that ends must not be killed for being unwell. */
  terminating(pod: Pod): void {
    for (const probed of this.#probed.values())
      if (probed.uid === uidOf(pod))
        for (const probe of probed.probes) if (probe.kind !== 'readiness') probe.cancel()
  }

  stop(containerId: string): void {
    const probed = this.#probed.get(containerId)
    for (const probe of probed?.probes ?? []) probe.cancel()
    this.#probed.delete(containerId)
  }

  /** Of the containers that run, under upstream's names. */
  figures(): readonly Figure[] {
    const all = [...this.#probed.values()]
    const values = all.flatMap(({ pod: { metadata }, reference, probes }) =>
      probes.flatMap(({ kind, counts }) =>
        Object.entries(counts).map(([result, value]) => ({
          labels: {
            container: reference.container.name,
            namespace: metadata.namespace ?? '',
            pod: metadata.name ?? '',
            pod_uid: metadata.uid ?? '',
            probe_type: named(kind),
            result,
          },
          value,
        })),
      ),
    )
    const help = 'How often probes of containers went well or failed'
    const durations = all.flatMap(({ pod: { metadata }, reference, probes }) =>
      probes.flatMap(({ kind, durations: took }) =>
        took.samples({
          container: reference.container.name,
          namespace: metadata.namespace ?? '',
          pod: metadata.name ?? '',
          probe_type: named(kind),
        }),
      ),
    )
    const waited = 'How long answers to probes took'
    return [
      { name: 'prober_probe_duration_seconds', help: waited, type: 'histogram', values: durations },
      { name: 'prober_probe_total', help, type: 'counter', values },
    ]
  }

  forget(uid: string): void {
    for (const [id, probed] of this.#probed) if (probed.uid === uid) this.stop(id)
  }

  stopAll(): void {
    this.#stopped = true
    for (const id of [...this.#probed.keys()]) this.stop(id)
  }

  #begin(pod: Pod, reference: ContainerReference, run: ContainerStatus, podIp: string): void {
    const probes: Running[] = []
    for (const kind of KINDS) {
      const probe = probeOf(reference.container, kind)
      if (probe)
        probes.push({
          kind,
          probe,
          state: this.#stateOf(pod, reference, run, kind),
          cancel() {},
          asking: false,
          counts: { successful: 0, failed: 0 },
          durations: new Durations(),
        })
    }
    if (probes.length === 0) return
    const { id: containerId, startedAt } = run
    const probed = { uid: uidOf(pod), reference, containerId, startedAt, pod, podIp, probes }
    this.#probed.set(containerId, probed)
    for (const running of probes) this.#schedule(probed, running, this.#firstDelay(probed, running))
  }

  /**
   * A restarted kubelet takes over what the API says of this very run, so that nothing turns
   * unready by a restart.
   */
  #stateOf(pod: Pod, { container }: ContainerReference, run: ContainerStatus, kind: ProbeKind) {
    const known = [
      ...(pod.status?.containerStatuses ?? []),
      ...(pod.status?.initContainerStatuses ?? []),
    ].find(({ name, containerID }) => name === container.name && containerID?.endsWith(run.id))
    const state = initialState(kind)
    const well = kind === 'startup' ? known?.started : kind === 'readiness' ? known?.ready : false
    return well ? { ...state, verdict: 'success' as const, decided: true } : state
  }

  #firstDelay({ startedAt }: Probed, { probe }: Running): number {
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000
    const ageMs = this.#context.clock.now() - startedAt
    // Never longer than asked for, should the wall clock have been set back since.
    return Math.min(delayMs, Math.max(0, delayMs - ageMs))
  }

  #schedule(probed: Probed, running: Running, delayMs: number): void {
    let live = true
    const cancelTimer = this.#context.clock.after(delayMs, () => {
      this.#ask(probed, running, () => live).catch((error: Error) =>
        this.#context.log.error('probe failed unexpectedly', { error }),
      )
    })
    running.cancel = () => {
      live = false
      cancelTimer()
    }
  }

  async #ask(probed: Probed, running: Running, live: () => boolean): Promise<void> {
    const { probe, kind } = running
    const periodMs = Math.max(
      MINIMUM_PERIOD_MS,
      (probe.periodSeconds || DEFAULT_PERIOD_SECONDS) * 1000,
    )
    const startup = probed.probes.find(other => other.kind === 'startup')
    const begun =
      startup === undefined || startup === running || startup.state.verdict === 'success'
    // A startup probe that has decided is done; the others wait for it, and are scheduled by it.
    if (kind === 'startup' && running.state.decided) return
    if (!begun) return
    const { clock } = this.#context
    const startMs = clock.monotonicMs()
    const answer = await this.#answerOf(probed, running, live)
    if (!live()) return
    if (!answer) return this.#schedule(probed, running, periodMs)
    running.durations.observe((clock.monotonicMs() - startMs) / 1000)
    running.counts[answer.ok ? 'successful' : 'failed']++
    if (!answer.ok || answer.isDoubtful) this.#tell(probed, kind, answer)
    this.#take(probed, running, answer.ok)
    if (live()) this.#schedule(probed, running, periodMs)
  }

  /** Undefined where it could not be asked, which says nothing of the container: it may be ending just now, or the runtime may be away. */
  async #answerOf(
    probed: Probed,
    { probe, kind }: Running,
    live: () => boolean,
  ): Promise<ProbeAnswer | undefined> {
    for (let tries = 1; ; tries++)
      try {
        return await askProbe(probe, probed, this.#context)
      } catch (error) {
        if (!live()) return undefined
        if (tries < TRIES) continue
        const text = `${named(kind)} probe errored and resulted in unknown state: ${messageOf(error)}`
        this.#events.warning(probed.pod, 'Unhealthy', text, probed.reference)
        return undefined
      }
  }

  #tell({ pod, reference }: Probed, kind: ProbeKind, { ok, output }: ProbeAnswer): void {
    const text = `${named(kind)} probe ${ok ? 'warning' : 'failed'}: ${output.slice(0, OUTPUT_LIMIT)}`
    this.#events.warning(pod, ok ? 'ProbeWarning' : 'Unhealthy', text, reference)
  }

  #take(probed: Probed, running: Running, ok: boolean): void {
    const before = running.state.verdict
    const wasDecided = running.state.decided
    running.state = afterAnswer(running.state, ok, running.probe)
    const changed = running.state.verdict !== before || running.state.decided !== wasDecided
    if (!changed) return
    if (running.kind === 'startup' && running.state.verdict === 'success')
      for (const other of probed.probes)
        if (other !== running) {
          other.cancel()
          this.#schedule(probed, other, this.#firstDelay(probed, other))
        }
    this.#changed(probed.uid)
  }
}
