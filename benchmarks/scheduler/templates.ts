/** The objects that workloads create, by the names that operations use. */
import type { Pod } from '#api/core/v1/pod/pod.ts'

type Text = Readonly<Record<string, string>>

interface PodParts {
  readonly spec?: object
  readonly labels?: Text
  readonly cpu?: string
  readonly memory?: string
}

/** Requests nothing where `cpu` is ''. */
function podWith({ spec, labels, cpu = '100m', memory = '500Mi' }: PodParts = {}) {
  const requests = cpu === '' ? {} : { requests: { cpu, memory }, limits: { cpu, memory } }
  return {
    metadata: { generateName: 'pod-', ...(labels ? { labels } : {}) },
    spec: {
      containers: [{ name: 'pause', image: 'pause', ports: [], resources: requests }],
      ...spec,
    },
  }
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

const term = (color: string, topologyKey: string) => ({
  labelSelector: { matchLabels: { color } },
  topologyKey,
  namespaces: ['sched-1', 'sched-0'],
})
const weighted = (color: string) => ({
  weight: 1,
  podAffinityTerm: term(color, 'kubernetes.io/hostname'),
})
const colored = (color: string, affinity: object) =>
  podWith({ labels: { color }, spec: { affinity } })
const ZONE = 'topology.kubernetes.io/zone'

const spread = (color: string, when: string) =>
  podWith({
    labels: { color },
    spec: {
      topologySpreadConstraints: [
        {
          maxSkew: 5,
          topologyKey: ZONE,
          whenUnsatisfiable: when,
          labelSelector: { matchLabels: { color } },
        },
      ],
    },
  })

const inZones = {
  nodeAffinity: {
    [required]: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: ZONE, operator: 'In', values: ['zone1', 'zone2'] }] },
      ],
    },
  },
}
const onNamedNode = {
  nodeAffinity: {
    [required]: {
      nodeSelectorTerms: [
        {
          matchFields: [{ key: 'metadata.name', operator: 'In', values: ['scheduler-perf-node'] }],
        },
      ],
    },
  },
}

export const podTemplates: Readonly<Record<string, () => object>> = {
  'pod-default': () => podWith(),
  'pod-with-label': () => podWith({ labels: { app: 'scheduler-perf' } }),
  'pod-with-pod-anti-affinity': () =>
    colored('green', {
      podAntiAffinity: { [required]: [term('green', 'kubernetes.io/hostname')] },
    }),
  'pod-with-pod-affinity': () =>
    colored('blue', { podAffinity: { [required]: [term('blue', ZONE)] } }),
  'pod-with-preferred-pod-affinity': () =>
    colored('red', { podAffinity: { [preferred]: [weighted('red')] } }),
  'pod-with-preferred-pod-anti-affinity': () =>
    colored('yellow', { podAntiAffinity: { [preferred]: [weighted('yellow')] } }),
  'pod-with-node-affinity': () => podWith({ spec: { affinity: inZones } }),
  'pod-with-topology-spreading': () => spread('blue', 'DoNotSchedule'),
  'pod-with-preferred-topology-spreading': () => spread('red', 'ScheduleAnyway'),
  // No kubelet runs here: a victim that had time to end would stay for ever.
  'pod-low-priority': () => podWith({ cpu: '900m', spec: { terminationGracePeriodSeconds: 0 } }),
  'pod-high-priority': () => podWith({ cpu: '3000m', spec: { priorityClassName: 'high' } }),
  'pod-high-priority-large-cpu': () => podWith({ cpu: '9', spec: { priorityClassName: 'high' } }),
  'light-pod': () => podWith({ cpu: '' }),
  'gated-pod': () =>
    podWith({ cpu: '', spec: { schedulingGates: [{ name: 'test.k8s.io/hold' }] } }),
  'daemonset-pod': () => podWith({ cpu: '', spec: { affinity: onNamedNode } }),
}

export function podFrom(template: string): Partial<Pod> {
  const make = podTemplates[template]
  if (!make) throw new Error(`no pod template ${template}`)
  return make() as Partial<Pod>
}

export function nodeFrom(template: string, index: number, labels: Text): object {
  const named = template === 'node-with-name'
  const name = named ? 'scheduler-perf-node' : `node-${index}`
  // The one that takes everything must never be full.
  const capacity = named
    ? { cpu: '90000', memory: '90000Gi', pods: '90000' }
    : { cpu: '4', memory: '32Gi', pods: '110' }
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: 'Ready', status: 'True' }],
      phase: 'Running',
    },
  }
}

export const serviceTemplate = {
  spec: {
    selector: { app: 'scheduler-perf' },
    ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }],
  },
}
