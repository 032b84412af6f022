/**
 * A policy engine says in which clusters of a federation an object is to be, as in Federation v1: it is shown what is to be stored, and answers with
 * annotations, which win over those of the object, or with reasons against it. Without a policy nobody is asked; with one, nothing passes unasked.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import { askReview, ReviewFailure, type ReviewTarget } from '../../configuration/review-caller.ts'
import type { AdmissionRequest, AdmissionStep } from '../admission.ts'
import { refused } from '../requests.ts'
import { isServer } from '../webhooks/mutating.ts'
import type { AdmissionWorld } from '../world.ts'

export interface SchedulingPolicy {
  readonly target: ReviewTarget
  /** Before it is asked again the first time. */
  readonly retryBackoffMs: number
}

/** Policies are ConfigMaps in there; what is in them is the engine's to read. */
export const POLICY_NAMESPACE = 'kube-federation-scheduling-policy'
/** What is in there belongs to the control plane and is placed nowhere; without an engine it has to live on. */
const OWN_NAMESPACES = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'federation-system',
])
/** It writes down where objects are, and wishes for nothing: with the engine gone, replicas of a lost cluster still have to move. */
const FEDERATION = 'system:federation-controller-manager'
const TIMEOUT_MS = 30_000
const NOT_FOUND = 404

export function schedulingPolicy({
  clock,
  pluginConfiguration,
  hasConfigMaps,
  warn,
}: Pick<
  AdmissionWorld,
  'clock' | 'pluginConfiguration' | 'hasConfigMaps' | 'warn'
>): AdmissionStep {
  const policy = pluginConfiguration?.schedulingPolicy
  const ask = async ({ target, retryBackoffMs }: SchedulingPolicy, draft: KubernetesObject) => {
    try {
      const limits = { clock, timeoutMs: TIMEOUT_MS, firstPauseMs: retryBackoffMs }
      return decisionIn(await askReview(target, draft, limits))
    } catch (error) {
      if (error instanceof ReviewFailure && error.status === NOT_FOUND)
        throw new Error('policy decision is undefined')
      throw error
    }
  }
  return {
    name: 'SchedulingPolicy',
    isFor: request => isAboutPlacement(request) && (hasConfigMaps?.(POLICY_NAMESPACE) ?? false),
    async mutate(request, draft) {
      if (!policy) return
      try {
        const { errors, annotations } = await ask(policy, draft)
        if (errors.length > 0) throw new Error(`reason(s): ${errors.join('; ')}`)
        if (Object.keys(annotations).length > 0)
          draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations }
      } catch (error) {
        const message = messageOf(error)
        if (!request.dryRun)
          warn?.('schedulingpolicy', {
            about: draft,
            reason: 'SchedulingPolicyDenied',
            action: 'Admitting',
            message,
          })
        throw refused(request, message)
      }
    },
  }
}

/** What tells of the cluster's life is placed nowhere, nor is what is on its way out: it must be able to go. */
function isAboutPlacement(request: AdmissionRequest): boolean {
  const { operation, subresource, resource, object, namespace } = request
  if (operation !== 'CREATE' && operation !== 'UPDATE') return false
  if (subresource !== '' || object === undefined) return false
  if (OWN_NAMESPACES.has(namespace) || isServer(request)) return false
  if (request.user.name === FEDERATION) return false
  if (resource.resource === 'events' || resource.group === 'coordination.k8s.io') return false
  return object.metadata?.deletionTimestamp === undefined
}

function decisionIn({ errors, annotations }: Readonly<Record<string, unknown>>) {
  const isBad = (value: unknown) => value !== undefined && value !== null
  if (isBad(errors) && !(Array.isArray(errors) && errors.every(each => typeof each === 'string')))
    throw new Error('the policy engine answered with errors that are no list of texts')
  if (
    isBad(annotations) &&
    !(
      isPlainObject(annotations) &&
      Object.values(annotations).every(each => typeof each === 'string')
    )
  )
    throw new Error('the policy engine answered with annotations that are no texts')
  return {
    errors: (errors ?? []) as readonly string[],
    annotations: (annotations ?? {}) as Readonly<Record<string, string>>,
  }
}
