/** Does what was decided, in all clusters at once, and tells of it in Events. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus, StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { EventRecorder } from '#client/events.ts'
import type { Members } from '../inventory/members.ts'
import { APPLIED } from '../names.ts'
import { type CopyWriter, ForeignObject } from './copy-writer.ts'
import type { Action } from './decide.ts'
import type { FederatedKind } from './federated-kinds.ts'
import type { Obstacles } from './obstacles.ts'
import { Patience } from './patience.ts'

/** The first part of the reasons of Events, as in Federation v1. */
const VERBS = { create: 'Create', apply: 'Update', delete: 'Delete' } as const

export interface PerformerOptions {
  readonly clock: Clock
  readonly members: Members
  readonly copies: CopyWriter
  readonly recorder: EventRecorder
  readonly obstacles: Obstacles
}

export interface Performed {
  readonly pauseMs?: number
  readonly failures: readonly unknown[]
}

export class Performer {
  readonly #options: PerformerOptions
  readonly #patience: Patience

  constructor(options: PerformerOptions) {
    this.#options = options
    this.#patience = new Patience(options.clock)
  }

  /** Tries all. `pauseMs`: when to look again at what is put off. */
  async perform(
    key: string,
    kind: FederatedKind,
    object: KubernetesObject,
    actions: readonly Action[],
  ): Promise<Performed> {
    const outcomes = await Promise.allSettled(
      actions.map(action => this.#performOne(key, kind, object, action)),
    )
    const pauses = outcomes.flatMap(outcome =>
      outcome.status === 'fulfilled' && outcome.value > 0 ? [outcome.value] : [],
    )
    const failures = outcomes.flatMap(outcome =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    )
    return { failures, ...(pauses.length > 0 ? { pauseMs: Math.min(...pauses) } : {}) }
  }

  forget(key: string): void {
    this.#patience.forget(`${key}|`)
  }

  async #performOne(
    key: string,
    kind: FederatedKind,
    object: KubernetesObject,
    action: Action,
  ): Promise<number> {
    const { members, recorder } = this.#options
    const { cluster } = action
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      recorder.record(object, type, reason, { message: `cluster ${cluster}: ${message}` })
    if (action.verb === 'apply') {
      const what = action.desired.metadata.annotations?.[APPLIED] ?? ''
      const waitMs = this.#patience.waitMs(`${key}|${cluster}`, what)
      if (waitMs > 0) {
        tell('Warning', 'UpdateInClusterPaused', 'it is changed back each time')
        return waitMs
      }
    }
    const verb = VERBS[action.verb]
    try {
      if (await this.#write(kind, action)) tell('Normal', `${verb}InCluster`, 'done')
      return 0
    } catch (error) {
      if (error instanceof ForeignObject) {
        this.#options.obstacles.note(key, cluster)
        tell('Warning', 'ConflictInCluster', error.message)
        // At once: others are to get its share.
        return 1
      }
      if (!(error instanceof StatusError)) members.suspect(cluster)
      // A namespace that is not there yet, a copy that changed meanwhile: that passes.
      if (!isStatus(error, 'NotFound', 'Conflict'))
        tell('Warning', `${verb}InClusterFailed`, messageOf(error))
      throw error
    }
  }

  /** False where there is nothing to tell of. */
  async #write({ kind }: FederatedKind, action: Action): Promise<boolean> {
    const { members, copies } = this.#options
    const member = members.list().find(({ name }) => name === action.cluster)?.member
    if (!member) return false
    switch (action.verb) {
      case 'create':
        await copies.create(member.client, kind, action.desired)
        return true
      case 'apply':
        await copies.apply(member.client, kind, action.desired, action.copy)
        return true
      case 'delete':
        await copies.remove(member.client, kind, action.copy)
        return true
    }
  }
}
