/**
 * Desired pod and observed containers in, actions out. Pure: the worker carries the actions out and
 * asks again.
 *
 * Invariants: a container that runs what the pod wants is never touched, whoever started it; init
 * containers run one after the other, each once to success; sidecars start in their turn and keep
 * running; regular containers start when all of that is done.
 */
import { CONTAINER_HASH, containerHash } from '../labels.ts'
import {
  type AnyContainer,
  type Container,
  type ContainerKind,
  type ContainerReference,
  isSidecar,
  type Pod,
} from '../pod-types.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime.ts'
import { isRunning, newestOf, type ObservedPod } from './observed-pod.ts'
import { restartPolicyOf, restartsAfter } from './restart-policy.ts'

/** What a process ends with that got SIGKILL. */
const KILLED = 137

export interface KillContainer {
  readonly id: string
  readonly name: string
  readonly message: string
  /** It starts anew with other resources. */
  readonly isResize?: boolean
}

export interface PodActions {
  /** The pod has nothing more to do: stop what is left of it, then it is Succeeded or Failed. */
  readonly finished: boolean
  /** Stop this sandbox with all that is in it before anything else. */
  readonly stopSandboxes: readonly string[]
  /** This sandbox died by itself, and may still hold an address and a network: let go of them, if that can be done. */
  readonly releaseSandbox?: string
  /** Make a sandbox with this attempt number. */
  readonly createSandbox: number | undefined
  /** The sandbox in which containers are started, where it exists. */
  readonly sandbox: SandboxStatus | undefined
  readonly kill: readonly KillContainer[]
  readonly start: readonly ContainerReference[]
}

/** What probes say of one running container. */
export interface ProbeVerdict {
  /** The startup probe has succeeded, or there is none. */
  readonly started: boolean
  readonly failed: 'liveness' | 'startup' | undefined
}

export interface PodActionsInput {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly verdictOf: (containerId: string, container: AnyContainer) => ProbeVerdict
  /** How a running container is to change, where the pod was ever resized. */
  readonly resizeOf?:
    | ((container: Container, run: ContainerStatus) => { readonly restart: boolean } | undefined)
    | false
    | undefined
}

/** Would this container be started again, from what its last run came to? */
export function shouldRestart(
  pod: Pod,
  container: AnyContainer,
  last: ContainerStatus | undefined,
): boolean {
  if (!last) return true
  if (last.state === 'running') return false
  if (last.state !== 'exited') return true
  return restartsAfter(pod, container, last.exitCode)
}

export function podActions(input: PodActionsInput): PodActions {
  const ready = input.observed.sandboxes.filter(sandbox => sandbox.ready)
  const sandbox = ready[0]
  const stopSandboxes = ready.slice(1).map(extra => extra.id)
  if (!sandbox) return withoutSandbox(input)

  const plan = new Plan(input, sandbox.id)
  const initialized = plan.initContainers()
  if (initialized === 'failed') return finished(stopSandboxes, sandbox)
  if (initialized === 'done') plan.regularContainers()
  plan.ephemeralContainers()
  if (initialized === 'done' && !plan.regularLeft) return finished(stopSandboxes, sandbox)
  return {
    finished: false,
    stopSandboxes,
    createSandbox: undefined,
    sandbox,
    kill: plan.kill,
    start: plan.start,
  }
}

function finished(
  stopSandboxes: readonly string[],
  sandbox: SandboxStatus | undefined,
): PodActions {
  return { finished: true, stopSandboxes, createSandbox: undefined, sandbox, kill: [], start: [] }
}

/** A new pod, or one whose sandbox died: everything in an old sandbox is over. */
function withoutSandbox({ pod, observed }: PodActionsInput): PodActions {
  const newest = observed.sandboxes[0]
  const regular = pod.spec?.containers ?? []
  const left = regular.some(container => wantsNewSandbox(pod, container, observed))
  if (newest && !left) return finished([], undefined)
  const stopSandboxes = observed.sandboxes
    .filter(sandbox => observed.containers.some(c => c.sandboxId === sandbox.id && isRunning(c)))
    .map(sandbox => sandbox.id)
  return {
    finished: false,
    stopSandboxes,
    // Those before it were let go when this one was made.
    ...(newest && !stopSandboxes.includes(newest.id) ? { releaseSandbox: newest.id } : {}),
    createSandbox: newest ? newest.attempt + 1 : 0,
    sandbox: undefined,
    kill: [],
    start: [],
  }
}

function wantsNewSandbox(pod: Pod, container: Container, observed: ObservedPod): boolean {
  const last = newestOf(observed, container.name)
  // A container of a dead sandbox that still counts as running is about to be killed.
  if (last && last.state !== 'exited') return restartsAfter(pod, container, KILLED)
  return shouldRestart(pod, container, last)
}

class Plan {
  readonly kill: KillContainer[] = []
  readonly start: ContainerReference[] = []
  /** Some regular container runs or will run. */
  regularLeft = false
  readonly #input: PodActionsInput
  readonly #sandboxId: string

  constructor(input: PodActionsInput, sandboxId: string) {
    this.#input = input
    this.#sandboxId = sandboxId
  }

  /** Init containers count only in the present sandbox: a new sandbox runs them anew. */
  #inSandbox(name: string): ContainerStatus | undefined {
    const last = newestOf(this.#input.observed, name)
    return last?.sandboxId === this.#sandboxId ? last : undefined
  }

  initContainers(): 'done' | 'running' | 'failed' {
    const { pod } = this.#input
    const containers = pod.spec?.initContainers ?? []
    const anyRegular = (pod.spec?.containers ?? []).some(c => this.#inSandbox(c.name))
    for (const [index, container] of containers.entries()) {
      const last = this.#inSandbox(container.name)
      const laterBegan =
        anyRegular || containers.slice(index + 1).some(later => this.#inSandbox(later.name))
      if (isSidecar(container)) {
        if (!this.#sidecar(container, last) && !laterBegan) return 'running'
        continue
      }
      // Once a later one has begun, this one had succeeded; its container may have been collected since.
      if (laterBegan) continue
      const outcome = this.#initContainer(container, last)
      if (outcome !== 'done') return outcome
    }
    return 'done'
  }

  /** True when the sidecar has started, so that the next container may. */
  #sidecar(container: Container, last: ContainerStatus | undefined): boolean {
    if (last?.state === 'running') {
      this.#killIfUnwanted('sidecar', container, last)
      return this.#input.verdictOf(last.id, container).started
    }
    this.start.push({ kind: 'sidecar', container })
    return false
  }

  #initContainer(
    container: Container,
    last: ContainerStatus | undefined,
  ): 'done' | 'running' | 'failed' {
    if (last?.state === 'running') {
      this.#killIfUnwanted('init', container, last)
      return 'running'
    }
    if (last?.state === 'exited') {
      if (last.exitCode === 0) return 'done'
      if (!restartsAfter(this.#input.pod, container, last.exitCode)) return 'failed'
    }
    this.start.push({ kind: 'init', container })
    return 'running'
  }

  regularContainers(): void {
    const { pod, observed } = this.#input
    for (const container of pod.spec?.containers ?? []) {
      const last = newestOf(observed, container.name)
      if (last?.state === 'running' && last.sandboxId === this.#sandboxId) {
        this.regularLeft = true
        this.#killIfUnwanted('regular', container, last)
      } else if (shouldRestart(pod, container, endedWithItsSandbox(last, this.#sandboxId))) {
        this.regularLeft = true
        this.start.push({ kind: 'regular', container })
      }
    }
  }

  /** Ephemeral containers are started once and never again. */
  ephemeralContainers(): void {
    const { pod, observed } = this.#input
    for (const container of pod.spec?.ephemeralContainers ?? [])
      if (!newestOf(observed, container.name)) this.start.push({ kind: 'ephemeral', container })
  }

  /**
   * Kills a container that is not what the pod wants any more; it starts again in the same round
   * where its policy lets it.
   */
  #killIfUnwanted(kind: ContainerKind, container: Container, running: ContainerStatus): void {
    const { pod, verdictOf, resizeOf } = this.#input
    const failed = verdictOf(running.id, container).failed
    const hash = running.annotations[CONTAINER_HASH]
    // A container without our annotation was made by someone else's rules: leave it alone.
    const changed = hash !== undefined && hash !== containerHash(container)
    if (!changed && !failed) {
      if (kind === 'init' || !resizeOf || !resizeOf(container, running)?.restart) return
      const message = `Container ${container.name} resize requires restart`
      this.kill.push({ id: running.id, name: container.name, message, isResize: true })
      this.start.push({ kind, container })
      return
    }
    const why = changed
      ? `Container ${container.name} definition changed`
      : `${kind === 'sidecar' ? 'Init container' : 'Container'} ${container.name} failed ${failed} probe`
    const restart = changed || restartPolicyOf(pod, container) !== 'Never'
    // Upstream takes it for said of sidecars, which always are.
    const message = restart && (changed || kind !== 'sidecar') ? `${why}, will be restarted` : why
    this.kill.push({ id: running.id, name: container.name, message })
    if (restart) this.start.push({ kind, container })
  }
}

function endedWithItsSandbox(
  last: ContainerStatus | undefined,
  sandboxId: string,
): ContainerStatus | undefined {
  if (last?.state !== 'running' || last.sandboxId === sandboxId) return last
  return { ...last, state: 'exited', exitCode: KILLED }
}
