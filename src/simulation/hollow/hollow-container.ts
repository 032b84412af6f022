/** One container of a hollow node: a record, a script, and a log that grows in memory. */
import type { Clock } from '#base/clock.ts'
import type { ContainerConfig, ContainerState, LinuxResources } from '#kubelet'
import { type Step, scriptOf } from './script.ts'

/** Ended by SIGTERM, as the runtime would report it. */
const TERMINATED_EXIT_CODE = 143

/** Long enough to be seen at work, short enough that nobody has to wait for it. */
const UNKNOWN_WORK_MS = 1_000

/** What all containers of a node have in common. */
export interface HollowContainerEvents {
  readonly clock: Clock
  readonly log: (container: HollowContainer, line: Uint8Array) => void
  readonly changed: (container: HollowContainer) => void
}

/** Of what the runtime was told, what somebody will ask about: a simulation has thousands of containers. */
export type HollowConfig = ReturnType<typeof keptOf>

function keptOf(config: ContainerConfig) {
  const { name, attempt, imageId, image, command, args, env, mounts } = config
  const { labels, annotations, logPath, runsToEnd } = config
  return {
    name,
    attempt,
    imageId,
    image,
    command,
    args,
    env,
    mounts,
    labels,
    annotations,
    logPath,
    runsToEnd,
  }
}

const NOTHING = () => {}
const NOBODY: readonly never[] = Object.freeze([])

export class HollowContainer {
  state: ContainerState = 'created'
  startedAt = 0
  finishedAt = 0
  exitCode = 0
  resources: LinuxResources
  readonly id: string
  readonly sandboxId: string
  readonly config: HollowConfig
  readonly createdAt: number
  readonly #events: HollowContainerEvents
  /** Most never have one. */
  #watchers: Set<(text: string, error: boolean) => void> | undefined
  #ended: readonly (() => void)[] = NOBODY
  #cancel = NOTHING

  constructor(
    id: string,
    sandboxId: string,
    config: ContainerConfig,
    events: HollowContainerEvents,
  ) {
    this.id = id
    this.sandboxId = sandboxId
    this.config = keptOf(config)
    this.resources = config.resources
    this.#events = events
    this.createdAt = events.clock.now()
  }

  start(nowMs: number): void {
    if (this.state !== 'created') throw new Error(`container ${this.id} was started already`)
    this.state = 'running'
    this.startedAt = nowMs
    this.#events.changed(this)
    this.#run(scriptOf([...this.config.command, ...this.config.args]), 0)
  }

  #run(steps: readonly Step[], from: number): void {
    for (let index = from; index < steps.length && this.state === 'running'; index++) {
      const step = steps[index] as Step
      switch (step.kind) {
        case 'print':
          this.#print(step.text, step.error)
          break
        case 'forever':
          return
        case 'unknown':
          if (this.config.runsToEnd) this.#later(UNKNOWN_WORK_MS, () => this.end(0))
          return
        case 'exit':
          // Ends in a turn of its own, so that whoever started it first sees it running.
          this.#later(0, () => this.end(step.code))
          return
        case 'sleep':
          this.#later(step.ms, () => this.#run(steps, index + 1))
          return
      }
    }
  }

  #later(ms: number, then: () => void): void {
    this.#cancel = this.#events.clock.after(ms, then)
  }

  #print(text: string, error: boolean): void {
    const time = new Date(this.#events.clock.now()).toISOString().replace('Z', '000000Z')
    const line = `${time} ${error ? 'stderr' : 'stdout'} F ${text}`
    this.#events.log(this, new TextEncoder().encode(line))
    for (const watcher of this.#watchers ?? []) watcher(text, error)
  }

  /** Ends it, if it has not ended yet. */
  end(exitCode: number = TERMINATED_EXIT_CODE): void {
    if (this.state === 'exited') return
    this.#cancel()
    this.state = 'exited'
    this.exitCode = exitCode
    this.finishedAt = this.#events.clock.now()
    this.#events.changed(this)
    for (const resolve of this.#ended) resolve()
    this.#ended = NOBODY
  }

  /** Resolves when it has ended. */
  ended(): Promise<void> {
    if (this.state === 'exited') return Promise.resolve()
    return new Promise(resolve => {
      this.#ended = [...this.#ended, resolve]
    })
  }

  /** Tells what is printed from now on; returns the function that stops it. */
  watch(watcher: (text: string, error: boolean) => void): () => void {
    const watchers = this.#watchers ?? new Set()
    this.#watchers = watchers
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }
}
