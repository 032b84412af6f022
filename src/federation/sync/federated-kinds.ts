/** The kinds whose objects are placed in clusters, and how each differs there. */

import { daemonSet } from '#api/apps/v1/daemon-set.ts'
import { deployment } from '#api/apps/v1/deployment.ts'
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { statefulSet } from '#api/apps/v1/stateful-set.ts'
import { horizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { job } from '#api/batch/v1/job.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { namespace } from '#api/core/v1/namespace.ts'
import { secret } from '#api/core/v1/secret.ts'
import { service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { ingress } from '#api/networking/v1/ingress.ts'
import { FEDERATED, SYSTEM_NAMESPACE } from '../names.ts'
import { type Fields, fieldsOf, without } from './fields.ts'
import {
  type Gather,
  gatherDaemonSet,
  gatherDeployment,
  gatherHorizontalPodAutoscaler,
  gatherJob,
  gatherLoadBalancer,
  gatherReplicaSet,
  gatherStatefulSet,
} from './gather.ts'

export interface FederatedKind {
  readonly kind: AnyKind
  /** Where it is shared out instead of copied, the annotation that says how. */
  readonly preferences?: string
  /** What is shared out: `spec.replicas`, or parallelism and completions. */
  readonly shares?: 'replicas' | 'job'
  /** What the host's API server added for itself is taken away. */
  readonly strip?: (spec: Fields) => Fields
  /** Labels that it put there. */
  readonly ownLabels?: readonly string[]
  /** The host's status from those of the clusters. */
  readonly gather?: Gather
}

const JOB_LABELS = [
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
]

export const builtInKinds: readonly FederatedKind[] = [
  { kind: namespace },
  { kind: configMap },
  { kind: secret },
  { kind: service, strip: serviceSpec, gather: gatherLoadBalancer },
  { kind: ingress, gather: gatherLoadBalancer },
  {
    kind: deployment,
    preferences: 'federation.kubernetes.io/deployment-preferences',
    shares: 'replicas',
    gather: gatherDeployment,
  },
  {
    kind: replicaSet,
    preferences: 'federation.kubernetes.io/replica-set-preferences',
    shares: 'replicas',
    gather: gatherReplicaSet,
  },
  { kind: statefulSet, gather: gatherStatefulSet },
  { kind: daemonSet, gather: gatherDaemonSet },
  {
    kind: job,
    preferences: 'federation.kubernetes.io/job-preferences',
    shares: 'job',
    strip: jobSpec,
    ownLabels: JOB_LABELS,
    gather: gatherJob,
  },
  { kind: horizontalPodAutoscaler, gather: gatherHorizontalPodAutoscaler },
]

/** Belongs to the control plane itself, in whichever cluster. */
const isSystem = (name: string): boolean => name.startsWith('kube-') || name === SYSTEM_NAMESPACE

/** Whether an object of the host is meant for clusters at all. */
export function isFederated(kind: AnyKind, object: KubernetesObject): boolean {
  const { name = '', namespace: within = '', labels } = object.metadata
  if (labels?.[FEDERATED] === 'false') return false
  if (kind.kind === 'Namespace' && kind.group === '') return !isSystem(name) && name !== 'default'
  if (isSystem(within)) return false
  // Each cluster has its own of these.
  if (kind.group === '' && kind.kind === 'ConfigMap') return name !== 'kube-root-ca.crt'
  if (kind.group === '' && kind.kind === 'Service')
    return !(within === 'default' && name === 'kubernetes')
  if (kind.group === '' && kind.kind === 'Secret')
    return (object as { type?: string }).type !== 'kubernetes.io/service-account-token'
  if (kind.kind === 'CustomResourceDefinition') return labels?.[FEDERATED] === 'true'
  return true
}

/** Addresses and ports are the cluster's to give. */
function serviceSpec(spec: Fields): Fields {
  const { clusterIP, clusterIPs: _, ipFamilies: __, healthCheckNodePort: ___, ...rest } = spec
  const ports = Array.isArray(spec.ports)
    ? { ports: spec.ports.map(port => without(port, ['nodePort'])) }
    : {}
  return { ...rest, ...ports, ...(clusterIP === 'None' ? { clusterIP } : {}) }
}

/** The selector that was made for the host's job selects nothing elsewhere. One that is over is the host's to clean up, or it would run again. */
function jobSpec(spec: Fields): Fields {
  const { ttlSecondsAfterFinished: _, selector, template, ...rest } = spec
  if (spec.manualSelector === true) return { ...rest, selector, template }
  const { metadata, ...pod } = fieldsOf(template)
  const { labels, ...more } = fieldsOf(metadata)
  return {
    ...rest,
    template: { ...pod, metadata: { ...more, labels: without(labels, JOB_LABELS) } },
  }
}
