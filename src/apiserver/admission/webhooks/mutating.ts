/**
 * Asks the mutating webhooks that a request concerns, one after the other in the order of their configurations; each sees what those
 * before it made of the object. When something changed it afterwards, those that want to are asked once more.
 */
import type { MutatingWebhook } from '#api/admissionregistration/v1/webhooks.schema.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { jsonPatch, RejectedPatch } from '#api/machinery/patch/json-patch.ts'
import { libraryWords } from '#api/machinery/patch/library-words.ts'
import { internalError, isStatus, PlainError } from '#api/machinery/status.ts'
import { isEqual } from '../../resources/equal.ts'
import type { ServedResource } from '../../resources/registry.ts'
import type { AdmissionRequest, AdmissionStep, Rounds } from '../admission.ts'
import type { AdmissionWorld } from '../world.ts'
import { callWebhook } from './call.ts'
import { formOf } from './form.ts'
import { isExempt, matchedResource } from './match.ts'
import { MutationNotes } from './mutation-notes.ts'
import type { WebhookWorld } from './world.ts'

/** A start must not depend on a webhook that runs in the cluster which is to be started. */
export const isServer = ({ user }: AdmissionRequest) => user.name === 'system:apiserver'

export function mutatingWebhooks(world: AdmissionWorld): AdmissionStep {
  const { webhooks } = world
  const run = (request: AdmissionRequest, draft: KubernetesObject | undefined) => {
    // Mostly there are none, and then no write waits for this.
    if (!webhooks || webhooks.mutating().length === 0) return undefined
    if (isExempt(request) || isServer(request)) return undefined
    return new Run(request, draft, { ...world, webhooks }).askAll()
  }
  return {
    name: 'MutatingAdmissionWebhook',
    showsDrafts: () => webhooks !== undefined && webhooks.mutating().length > 0,
    mutate: run,
    // Requests that have no draft pass here only.
    validate: request => (hasDraft(request) ? undefined : run(request, undefined)),
  }
}

/** It went through `mutate`. */
const hasDraft = ({ operation }: AdmissionRequest): boolean =>
  operation === 'UPDATE' || operation === 'CREATE'

class Run {
  readonly #request: AdmissionRequest
  readonly #draft: KubernetesObject | undefined
  readonly #world: AdmissionWorld & { readonly webhooks: WebhookWorld }
  readonly #rounds: Rounds | undefined

  constructor(
    request: AdmissionRequest,
    draft: KubernetesObject | undefined,
    world: AdmissionWorld & { readonly webhooks: WebhookWorld },
  ) {
    this.#request = request
    this.#draft = draft
    this.#world = world
    this.#rounds = request.rounds
  }

  async askAll(): Promise<void> {
    const rounds = this.#rounds
    if (rounds?.isAgain && !isEqual(rounds.lastDraft, this.#draft)) rounds.wantAll()
    const { namespace, authorizer, webhooks } = this.#world
    const round = rounds?.isAgain ? 1 : 0
    let index = -1
    for (const { metadata, webhooks: hooks = [] } of webhooks.mutating())
      for (const webhook of hooks) {
        index++
        const key = `${metadata.uid}/${webhook.name}`
        const world = { namespace, authorizer, ...webhooks }
        const resource = await matchedResource(webhook, this.#request, world)
        if (!resource || (rounds?.isAgain && !rounds.isWanted(key))) continue
        const configuration = metadata.name ?? ''
        const notes = new MutationNotes(this.#request, {
          place: `round_${round}_index_${index}`,
          configuration,
          webhook: webhook.name,
        })
        if (await this.#askNoted(webhook, resource, notes)) rounds?.changed()
        if (webhook.reinvocationPolicy === 'IfNeeded') rounds?.asked(key)
      }
    if (rounds && this.#draft) rounds.lastDraft = structuredClone(this.#draft)
  }

  async #askNoted(
    webhook: MutatingWebhook,
    resource: ServedResource,
    notes: MutationNotes,
  ): Promise<boolean> {
    let mutated = false
    try {
      mutated = await this.#ask(webhook, resource, notes)
      return mutated
    } finally {
      notes.asked(mutated)
    }
  }

  /** True when the webhook changed the draft. */
  async #ask(
    webhook: MutatingWebhook,
    resource: ServedResource,
    notes: MutationNotes,
  ): Promise<boolean> {
    const { webhooks, clock, random } = this.#world
    const verdict = await callWebhook(webhook, resource, this.#request, {
      isMutating: true,
      world: { webhooks, clock, random },
    })
    if (!verdict) notes.failedOpen()
    const { operations = [] } = verdict ?? {}
    if (operations.length === 0) return false
    const form = formOf(this.#request, resource)
    const draft = this.#draft
    if (!draft || !form.read)
      throw internalError(
        `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
      )
    const before = structuredClone(draft)
    let after: KubernetesObject
    try {
      after = await form.read(jsonPatch(form.show(draft), operations), draft, operations)
    } catch (error) {
      if (isToldAsItIs(error)) throw error
      throw internalError(libraryWords(error, operations))
    }
    put(draft, after)
    notes.patched(operations)
    return !isEqual(before, draft)
  }
}

/** Not of a patch that does not apply, but of what it made. */
const isToldAsItIs = (error: unknown): boolean =>
  error instanceof PlainError || (isStatus(error, 'Invalid') && !(error instanceof RejectedPatch))

/** What is written stays one and the same object, since others hold it. */
export function put(draft: KubernetesObject, after: KubernetesObject): void {
  const copy = structuredClone(after)
  const own = draft as unknown as Record<string, unknown>
  for (const field of Object.keys(own)) delete own[field]
  Object.assign(draft, copy)
}
