/** Which nodes a DaemonSet means, and what its pod on one of them looks like. */
import { type DaemonSet, daemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import { matchesNodeSelection, untolerated } from '#api/core/v1/node-matching.ts'
import type { Pod, Toleration } from '#api/core/v1/pod/pod.ts'
import type { PartialObject } from '../runner/controller.ts'
import { podFromTemplate } from '../runner/pod-template.ts'
import { REVISION_HASH } from '../runner/revisions.ts'

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'
const POD_TEMPLATE_GENERATION = 'pod-template-generation'

/** What keeps others off a node keeps no daemon off it: many daemons are there to mend just that. */
const TOLERATIONS: readonly Toleration[] = [
  toleration('not-ready', 'NoExecute'),
  toleration('unreachable', 'NoExecute'),
  toleration('disk-pressure', 'NoSchedule'),
  toleration('memory-pressure', 'NoSchedule'),
  toleration('pid-pressure', 'NoSchedule'),
  toleration('unschedulable', 'NoSchedule'),
]
const HOST_NETWORK_TOLERATION = toleration('network-unavailable', 'NoSchedule')

function toleration(name: string, effect: 'NoExecute' | 'NoSchedule'): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }
}

export function tolerationsOf({ spec }: DaemonSet): readonly Toleration[] {
  const { tolerations = [], hostNetwork } = spec.template.spec
  const wanted = hostNetwork ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS
  const isSame = (a: Toleration, b: Toleration) =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && !a.value
  return [...tolerations.filter(given => !wanted.some(each => isSame(given, each))), ...wanted]
}

export interface Verdict {
  /** A pod is to be made here if there is none. */
  readonly shouldRun: boolean
  /** A pod that is here may stay. */
  readonly mayStay: boolean
}

const NEITHER: Verdict = { shouldRun: false, mayStay: false }

export function verdictOn(set: DaemonSet, { metadata, spec }: Node): Verdict {
  const pod = set.spec.template.spec
  if (pod.nodeName && pod.nodeName !== metadata.name) return NEITHER
  if (!matchesNodeSelection({ spec: pod }, { metadata, spec } as Node)) return NEITHER
  const tolerations = tolerationsOf(set)
  if (!untolerated(spec.taints, tolerations, ['NoExecute', 'NoSchedule']))
    return { shouldRun: true, mayStay: true }
  return { shouldRun: false, mayStay: !untolerated(spec.taints, tolerations, ['NoExecute']) }
}

const isNodeName = ({ key, operator }: { key: string; operator: string }) =>
  key === 'metadata.name' && operator === 'In'

/** The node that a pod of a daemon is on or is meant for. */
export function targetNodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fields = (required?.nodeSelectorTerms ?? []).flatMap(term => term.matchFields ?? [])
  return fields.find(isNodeName)?.values?.[0]
}

/** The pod for a node; the scheduler binds it, since it can go nowhere else. */
export function newPod(set: DaemonSet, nodeName: string, hash: string): PartialObject {
  const { template } = set.spec
  const made = podFromTemplate(template, { kind: daemonSet, object: set })
  const generation = templateGenerationOf(set)
  const named = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }
  const { affinity } = template.spec
  return {
    ...made,
    metadata: {
      ...made.metadata,
      labels: {
        ...made.metadata.labels,
        ...(generation === undefined ? {} : { [POD_TEMPLATE_GENERATION]: generation }),
        [REVISION_HASH]: hash,
      },
    },
    spec: {
      ...template.spec,
      tolerations: tolerationsOf(set),
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [named] },
        },
      },
    },
  }
}

/** Made from the present template, as its hash says or, of old pods, its count of templates. */
export function isUpdated(set: DaemonSet, { metadata: { labels = {} } }: Pod, hash: string) {
  const generation = templateGenerationOf(set)
  return (
    labels[REVISION_HASH] === hash ||
    (generation !== undefined && labels[POD_TEMPLATE_GENERATION] === generation)
  )
}

function templateGenerationOf({ metadata }: DaemonSet): string | undefined {
  const generation = metadata.annotations?.[TEMPLATE_GENERATION]
  return /^\d+$/.test(generation ?? '') ? generation : undefined
}
