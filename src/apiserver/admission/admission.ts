/**
 * What must be true of a write, beyond the right to make it: steps between authorization and the store that may fill
 * in a draft or refuse it. First all `mutate` in order, then (after defaulting and validation of the result) all `validate`.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Eventually } from '../authorization/authorizer.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

export interface AdmissionRequest {
  readonly operation: Operation
  /** The kind of `object`; for subresources that speak a kind of their own (Binding, Eviction, TokenRequest) that one. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** The resource in the path. */
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
  readonly object?: KubernetesObject
  /** What is stored now, on update and delete: exactly the stored revision that the write replaces. */
  readonly oldObject?: KubernetesObject
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Adds a line to the answer's Warning headers. */
  readonly warn?: (text: string) => void
}

export interface AdmissionStep {
  /** Upstream's name of the plugin, as `--enable-admission-plugins` and error texts have it. */
  readonly name: string
  /** Changes the fresh draft in place; throws a StatusError to refuse. Called for create and update only. */
  mutate?(request: AdmissionRequest, draft: KubernetesObject): Eventually<void>
  /** Throws a StatusError to refuse. */
  validate?(request: AdmissionRequest): Eventually<void>
}

/** Runs the `mutate` of each step in order. */
export async function runMutations(
  steps: readonly AdmissionStep[],
  request: AdmissionRequest,
  draft: KubernetesObject,
): Promise<void> {
  for (const step of steps) {
    const running = step.mutate?.(request, draft)
    // Most steps finish at once; waiting for them anyway would cost each write several turns.
    if (running !== undefined) await running
  }
}

/** Runs the `validate` of each step in order; the first refusal ends it. */
export async function runValidations(
  steps: readonly AdmissionStep[],
  request: AdmissionRequest,
): Promise<void> {
  for (const step of steps) {
    const running = step.validate?.(request)
    if (running !== undefined) await running
  }
}
