/**
 * What must be true of a write, beyond the right to make it: steps between authorization and the store that may fill
 * in a draft or refuse it. First all `mutate` in order, then (after defaulting and validation of the result) all `validate`.
 */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import { qualifiedName } from './requests.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

export interface AdmissionRequest {
  readonly operation: Operation
  /** The kind of `object`; for subresources that speak a kind of their own (Binding, Eviction, TokenRequest) that one. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** The resource in the path. */
  /** Knows how to read `object`, where `kind` is a kind of objects. */
  readonly objectKind?: AnyKind | undefined
  readonly resource: {
    readonly group: string
    readonly version: string
    readonly resource: string
  }
  readonly subresource: string
  /** '' for cluster-scoped resources. For Namespace objects themselves: their own name. */
  readonly namespace: string
  /** '' on create with generateName. */
  readonly name: string
  /** What would be stored (create, update) or was sent (connect, special subresources); absent for delete. */
  readonly object?: KubernetesObject | undefined
  /** What is stored now, on update and delete: exactly the stored revision that the write replaces. */
  readonly oldObject?: KubernetesObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** CreateOptions and the like, as the client gave them. */
  readonly options?: object | undefined
  /** Adds a line to the answer's Warning headers. */
  warn?(text: string): void
  /** Adds to the audit event of the request; of several values of a key the first stays. Where the audit is below the level nothing is added. */
  annotate?(key: string, value: string, level?: 'Metadata' | 'Request'): void
  /** Whether the audit of the request tells as much. */
  audits?(level: 'Metadata' | 'Request'): boolean
  /** Time that was spent on somebody outside, for the audit event of a slow request. */
  took?(what: string, ms: number): void
  /** Where a step may ask for a second round of changes. */
  readonly rounds?: Rounds | undefined
}

/** Who changed the draft in the first round, and who is to be asked again in the second. */
export class Invoked {
  /** Both are made for who is asked: of most writes nobody is. */
  #asked: Set<string> | undefined
  #wanted: Set<string> | undefined

  /** It was asked, and wants to be again if the draft changes from here on. */
  asked(name: string): void {
    this.#asked ??= new Set()
    this.#asked.add(name)
  }
  /** All that were asked up to now are to be asked again. */
  wantAll(): void {
    if (!this.#asked) return
    this.#wanted = new Set([...(this.#wanted ?? []), ...this.#asked])
    this.#asked = undefined
  }
  isWanted(name: string): boolean {
    return this.#wanted?.has(name) ?? false
  }
}

/** Whether there is to be a second round of changes, and which webhooks and policies take part in it. */
export class Rounds extends Invoked {
  isAgain = false
  /** The draft as webhooks left it in the first round. */
  lastDraft: KubernetesObject | undefined
  /** A webhook or a policy changed the draft. */
  hasChanged = false
  #policies: Invoked | undefined

  /** Mostly nobody asks for them. */
  get policies(): Invoked {
    this.#policies ??= new Invoked()
    return this.#policies
  }
  /** A webhook changed the draft. */
  changed(): void {
    this.hasChanged = true
    this.wantAll()
  }
  changedByPolicy(): void {
    this.hasChanged = true
    this.policies.wantAll()
  }
}

export interface AdmissionStep {
  /** Upstream's name of the plugin, as `--enable-admission-plugins` and error texts have it. */
  readonly name: string
  /** The only resources that it has to do with, as `deployments.apps`, whatever their subresource; all where absent. */
  readonly resources?: readonly string[]
  /**
   * Whether it has to look at such a request, said at once: a step that waits for something and hardly ever has a reason to
   * would cost each write a turn.
   */
  isFor?(request: AdmissionRequest): boolean
  /** Whether it shows drafts to somebody outside now, who is to see them as they were sent. */
  showsDrafts?(): boolean
  /** Changes the fresh draft in place; throws a StatusError to refuse. Called for create and update only. */
  mutate?(request: AdmissionRequest, draft: KubernetesObject): Eventually<void>
  /** Throws a StatusError to refuse. */
  validate?(request: AdmissionRequest): Eventually<void>
}

export const showsDrafts = (steps: readonly AdmissionStep[]): boolean =>
  steps.some(step => step.showsDrafts?.())

/** Runs the `mutate` of each step in order; once more, when webhooks or policies changed what steps before it had seen. */
export function runMutations(
  steps: readonly AdmissionStep[],
  request: AdmissionRequest,
  draft: KubernetesObject,
): Eventually<void> {
  const { rounds } = request
  const round = () =>
    inTurn(stepsFor(request, steps).mutating, step =>
      isFor(step, request) ? step.mutate?.(request, draft) : undefined,
    )
  const again = () => {
    if (!rounds?.hasChanged) return undefined
    rounds.isAgain = true
    return round()
  }
  const running = round()
  return running instanceof Promise ? running.then(again) : again()
}

/** Runs the `validate` of each step in order; the first refusal ends it. */
export function runValidations(
  steps: readonly AdmissionStep[],
  request: AdmissionRequest,
): Eventually<void> {
  return inTurn(stepsFor(request, steps).validating, step =>
    isFor(step, request) ? step.validate?.(request) : undefined,
  )
}

interface Chosen {
  readonly from: readonly AdmissionStep[]
  readonly mutating: readonly AdmissionStep[]
  readonly validating: readonly AdmissionStep[]
}

/** Two thirds of the steps are about a few resources each: to ask them all would cost a small write as much as what they are there for. */
const chosen = new WeakMap<AdmissionRequest['resource'], Chosen>()

function stepsFor({ resource }: AdmissionRequest, from: readonly AdmissionStep[]): Chosen {
  const known = chosen.get(resource)
  if (known?.from === from) return known
  const name = qualifiedName(resource)
  const concerned = from.filter(({ resources }) => resources?.includes(name) ?? true)
  const mutating = concerned.filter(step => step.mutate !== undefined)
  const validating = concerned.filter(step => step.validate !== undefined)
  const found = { from, mutating, validating }
  chosen.set(resource, found)
  return found
}

const isFor = (step: AdmissionStep, request: AdmissionRequest): boolean =>
  step.isFor === undefined || step.isFor(request)

/** Most steps finish at once; waiting for them anyway would cost each write several turns. */
function inTurn(
  steps: readonly AdmissionStep[],
  run: (step: AdmissionStep) => Eventually<void>,
  from = 0,
): Eventually<void> {
  for (let at = from; at < steps.length; at++) {
    const running = run(steps[at] as AdmissionStep)
    if (running instanceof Promise) return running.then(() => inTurn(steps, run, at + 1))
  }
  return undefined
}
