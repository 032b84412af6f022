/** What can be done to an object beside reading and deleting it, by its kind: which right it needs, and what is sent. Plain data; nothing is done here. */
import type { Right } from './access.ts'
import { type AnyObject, conditionsOf } from './health.ts'
import { apiPath, type Resource, withQuery } from './resource.ts'

export interface ActionRequest {
  readonly method: 'PATCH' | 'POST' | 'PUT'
  readonly path: string
  readonly contentType?: string
  readonly body: unknown
}

export interface Action {
  readonly id:
    | 'scale'
    | 'restart'
    | 'pause'
    | 'resume'
    | 'cordon'
    | 'uncordon'
    | 'drain'
    | 'suspend'
    | 'unsuspend'
    | 'run'
  readonly label: string
  /** All are needed. */
  readonly rights: readonly Right[]
  /** What is asked before it is done, where more than a click is wanted. */
  readonly question?: string
  /** What is told when it is done. */
  readonly done: string
  /** Absent of what needs more than one request. */
  readonly request?: (now: Date) => ActionRequest
}

const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const RESTARTABLE = new Set(['deployments.apps', 'statefulsets.apps', 'daemonsets.apps'])

export function actionsFor(object: AnyObject, resource: Resource): Action[] {
  const { name = '', namespace } = object.metadata
  const key = resource.group ? `${resource.plural}.${resource.group}` : resource.plural
  const right = (verb: string, subresource?: string): Right => ({
    verb,
    group: resource.group,
    resource: resource.plural,
    ...(subresource ? { subresource } : {}),
    namespace,
    name,
  })
  const patch = (body: unknown, contentType = MERGE) => ({
    rights: [right('patch')],
    request: (): ActionRequest => ({
      method: 'PATCH',
      path: apiPath(resource, { namespace, name }),
      contentType,
      body,
    }),
  })
  const actions: Action[] = []
  if (resource.subresources.includes('scale'))
    actions.push({
      id: 'scale',
      label: 'Scale…',
      rights: [right('patch', 'scale')],
      done: `${name} is scaled`,
    })
  if (RESTARTABLE.has(key))
    actions.push({
      id: 'restart',
      label: 'Restart',
      rights: [right('patch')],
      question: `Replace all pods of ${name}, as its update strategy says?`,
      done: `${name} restarts`,
      request: now => restartRequest(resource, object, now),
    })
  const { spec = {} } = object
  if (key === 'deployments.apps')
    actions.push(
      spec.paused === true
        ? {
            id: 'resume',
            label: 'Resume',
            done: `${name} rolls out again`,
            ...patch({ spec: { paused: null } }),
          }
        : {
            id: 'pause',
            label: 'Pause',
            done: `Rollouts of ${name} are paused`,
            ...patch({ spec: { paused: true } }),
          },
    )
  if (key === 'cronjobs.batch' || (key === 'jobs.batch' && !isOver(object)))
    actions.push(
      spec.suspend === true
        ? {
            id: 'unsuspend',
            label: 'Resume',
            done: `${name} goes on`,
            ...patch({ spec: { suspend: false } }),
          }
        : {
            id: 'suspend',
            label: 'Suspend',
            done: `${name} is suspended`,
            ...patch({ spec: { suspend: true } }),
          },
    )
  if (key === 'cronjobs.batch')
    actions.push({
      id: 'run',
      label: 'Run now',
      rights: [{ verb: 'create', group: 'batch', resource: 'jobs', namespace }],
      done: `A Job of ${name} was made`,
      request: now => runRequest(object, now),
    })
  if (key === 'nodes') {
    actions.push(
      spec.unschedulable === true
        ? {
            id: 'uncordon',
            label: 'Uncordon',
            done: `${name} takes pods again`,
            ...patch({ spec: { unschedulable: null } }),
          }
        : {
            id: 'cordon',
            label: 'Cordon',
            done: `${name} takes no new pods`,
            ...patch({ spec: { unschedulable: true } }),
          },
    )
    actions.push({
      id: 'drain',
      label: 'Drain…',
      rights: [
        right('patch'),
        { verb: 'list', group: '', resource: 'pods' },
        { verb: 'create', group: '', resource: 'pods', subresource: 'eviction' },
      ],
      done: `${name} is drained`,
    })
  }
  return actions
}

const isOver = (job: AnyObject) =>
  conditionsOf(job).some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )

/** As `kubectl rollout restart` does it. */
function restartRequest(resource: Resource, { metadata }: AnyObject, now: Date): ActionRequest {
  const restartedAt = `${now.toISOString().slice(0, 19)}Z`
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt }
  return {
    method: 'PATCH',
    path: apiPath(resource, { namespace: metadata.namespace, name: metadata.name ?? '' }),
    contentType: STRATEGIC,
    body: { spec: { template: { metadata: { annotations } } } },
  }
}

/** Of a Job's name, at most 63 letters. */
const MAXIMUM_NAME = 63

/** As `kubectl create job --from=cronjob/…` does it. */
function runRequest(cronJob: AnyObject, now: Date): ActionRequest {
  const { name = '', namespace, uid } = cronJob.metadata
  const template = (cronJob.spec?.jobTemplate ?? {}) as {
    metadata?: { labels?: object; annotations?: object }
    spec?: object
  }
  const suffix = `-${Math.floor(now.getTime() / 1000).toString(36)}`
  return {
    method: 'POST',
    path: `/apis/batch/v1/namespaces/${encodeURIComponent(namespace ?? '')}/jobs`,
    body: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: `${name.slice(0, MAXIMUM_NAME - suffix.length)}${suffix}`,
        namespace,
        labels: template.metadata?.labels ?? {},
        annotations: {
          ...template.metadata?.annotations,
          'cronjob.kubernetes.io/instantiate': 'manual',
        },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
      },
      spec: template.spec ?? {},
    },
  }
}

export function scaleRequest(
  resource: Resource,
  { metadata }: AnyObject,
  replicas: number,
): ActionRequest {
  const { namespace, name = '' } = metadata
  return {
    method: 'PATCH',
    path: apiPath(resource, { namespace, name, subresource: 'scale' }),
    contentType: MERGE,
    body: { spec: { replicas } },
  }
}

/** A number of replicas that somebody typed, or why it is none. */
export function replicasIn(text: string): number | string {
  if (!/^\d+$/.test(text.trim())) return 'Replicas are a whole number from 0 on.'
  const replicas = Number(text)
  return replicas > 2_147_483_647 ? 'Replicas are at most 2147483647.' : replicas
}

export const PROPAGATION = [
  { value: 'Background', label: 'Background: it goes now, what it owns is deleted behind it' },
  { value: 'Foreground', label: 'Foreground: what it owns goes first, then it' },
  { value: 'Orphan', label: 'Orphan: what it owns stays' },
] as const

export type Propagation = (typeof PROPAGATION)[number]['value']

/** Only the very object that is shown: another of the same name may have come since. */
export function deleteRequest(
  resource: Resource,
  { metadata }: AnyObject,
  propagationPolicy: Propagation,
  isDryRun = false,
): { readonly method: 'DELETE'; readonly path: string; readonly body: unknown } {
  const { namespace, name = '', uid } = metadata
  return {
    method: 'DELETE',
    path: withQuery(apiPath(resource, { namespace, name }), {
      dryRun: isDryRun ? 'All' : undefined,
    }),
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      ...(uid ? { preconditions: { uid } } : {}),
    },
  }
}

/** Of the pods of a node those that a drain evicts: not what a DaemonSet would make anew, and not what the node runs by itself. */
export function evictable(pod: AnyObject): boolean {
  const { annotations = {}, ownerReferences = [], deletionTimestamp } = pod.metadata
  if ('kubernetes.io/config.mirror' in annotations || deletionTimestamp) return false
  const phase = pod.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') return false
  return !ownerReferences.some(({ kind, controller }) => kind === 'DaemonSet' && controller)
}

export const evictionRequest = ({ metadata }: AnyObject): ActionRequest => ({
  method: 'POST',
  path: `/api/v1/namespaces/${encodeURIComponent(metadata.namespace ?? '')}/pods/${encodeURIComponent(metadata.name ?? '')}/eviction`,
  body: {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: metadata.name, namespace: metadata.namespace },
    // A StatefulSet may have made another one of this name meanwhile, on another node.
    ...(metadata.uid ? { deleteOptions: { preconditions: { uid: metadata.uid } } } : {}),
  },
})
