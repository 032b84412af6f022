/** What each metric of an autoscaler says: how many replicas, what its status shows, or why it says nothing. */
import type {
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
} from '#api/autoscaling/v2/metrics.schema.ts'
import { goTextOf } from '#api/machinery/label-selector.ts'
import { formatQuantity, quantityToMilli } from '#api/machinery/quantity.ts'
import { messageOf } from '#base/errors.ts'
import type { Metrics } from './horizontalpodautoscaler.metrics.ts'
import {
  byAverage,
  byUtilization,
  byValue,
  byValuePerPod,
  type Proposal,
  type Situation,
} from './horizontalpodautoscaler.replicas.ts'

export interface Asked {
  readonly metrics: Metrics
  readonly situation: Situation
  readonly namespace: string
  /** The pods, as the text of a query. */
  readonly selector: string
  /** The plural of a kind with its group, as `ingresses.networking.k8s.io`. */
  readonly resourceOf: (kind: string, apiVersion: string | undefined) => string
}

export type Answer =
  | { readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | { readonly reason: string; readonly error: string; readonly summary: string }

export async function propose(spec: MetricSpec, asked: Asked): Promise<Answer> {
  const kind = KINDS[spec.type]
  if (!kind) {
    const error = `unknown metric source type "${spec.type}"`
    return { reason: 'InvalidMetricSourceType', error, summary: error }
  }
  try {
    return await kind.propose(spec, asked)
  } catch (error) {
    const message = messageOf(error)
    return { reason: kind.reason, error: message, summary: `${kind.summary(spec)}: ${message}` }
  }
}

interface MetricKind {
  readonly reason: string
  readonly summary: (spec: MetricSpec) => string
  readonly propose: (spec: MetricSpec, asked: Asked) => Promise<Answer>
}

const KINDS: Readonly<Record<string, MetricKind>> = {
  Resource: {
    reason: 'FailedGetResourceMetric',
    summary: ({ resource }) => `failed to get ${resource?.name} resource metric value`,
    async propose({ type, resource }, asked) {
      if (!resource) throw new Error('no resource is named')
      const proposal = await ofResource(asked, { ...resource, container: '' })
      const status = { type, resource: { name: resource.name, current: proposal.current } }
      return { replicas: proposal.replicas, name: proposal.name, status }
    },
  },
  ContainerResource: {
    reason: 'FailedGetContainerResourceMetric',
    summary: ({ containerResource }) =>
      `failed to get ${containerResource?.container} container metric value`,
    async propose({ type, containerResource }, asked) {
      if (!containerResource) throw new Error('no container is named')
      const { replicas, name, current } = await ofResource(asked, containerResource)
      const { name: resource, container } = containerResource
      return {
        replicas,
        name,
        status: { type, containerResource: { name: resource, container, current } },
      }
    },
  },
  Pods: {
    reason: 'FailedGetPodsMetric',
    summary: () => 'failed to get pods metric value',
    async propose({ type, pods }, asked) {
      if (!pods) throw new Error('no metric is named')
      const { metric } = pods
      const values = await wrapped(`unable to get metric ${metric.name}`, () =>
        asked.metrics.ofPods({ ...asked, metric }),
      )
      const target = quantityToMilli(pods.target.averageValue ?? '0')
      const { replicas, usage } = byAverage(asked.situation, values, { target })
      const status = { type, pods: { metric, current: { averageValue: quantityOf(usage) } } }
      return { replicas, name: `pods metric ${metric.name}`, status }
    },
  },
  Object: {
    reason: 'FailedGetObjectMetric',
    summary: ({ object }) => {
      const what = 'failed to get object metric value'
      const isValue = object?.target.value !== undefined
      return isValue ? what : `${what}: failed to get ${object?.metric.name} object metric`
    },
    async propose({ type, object }, asked) {
      if (!object) throw new Error('no object is named')
      const { metric, target, describedObject } = object
      const { kind, name, apiVersion } = describedObject
      const { namespace } = asked
      // With a slash, as upstream has it.
      const what = `unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/`
      const value = await wrapped(
        what,
        async () => {
          const resource = asked.resourceOf(kind, apiVersion)
          return asked.metrics.ofObject({ namespace, resource, name, metric })
        },
        '',
      )
      const { replicas, current } = ofTotal(asked, value, target)
      const status = { type, object: { metric, describedObject, current } }
      const isValue = target.value !== undefined
      const said = isValue ? `${kind} metric ${metric.name}` : externalName(metric)
      return { replicas, name: said, status }
    },
  },
  External: {
    reason: 'FailedGetExternalMetric',
    summary({ external }) {
      const name = external?.metric.name
      const isValue = external?.target.value !== undefined
      const own = isValue ? `external metric ${name}` : `${name} external metric`
      return `failed to get ${name} external metric value: failed to get ${own}`
    },
    async propose({ type, external }, asked) {
      if (!external) throw new Error('no metric is named')
      const { metric, target } = external
      const { namespace } = asked
      const what = `unable to get external metric ${namespace}/${metric.name}/${goTextOf(metric.selector)}`
      const values = await wrapped(what, () => asked.metrics.external({ namespace, metric }))
      const value = values.reduce((total, each) => total + each, 0)
      const { replicas, current } = ofTotal(asked, value, target)
      return {
        replicas,
        name: externalName(metric),
        status: { type, external: { metric, current } },
      }
    },
  },
}

type Target = NonNullable<MetricSpec['resource']>['target']

async function ofResource(
  asked: Asked,
  { name, container, target }: { name: string; container: string; target: Target },
) {
  const isUtilization = target.averageValue === undefined
  return wrapped(`failed to get ${name} ${isUtilization ? 'utilization' : 'usage'}`, async () => {
    const values = await wrapped(`unable to get metrics for resource ${name}`, () =>
      asked.metrics.ofResource({ ...asked, resource: name, container }),
    )
    if (target.averageValue !== undefined) {
      const wanted = { target: quantityToMilli(target.averageValue), resource: name }
      const { replicas, usage } = byAverage(asked.situation, values, wanted)
      return {
        replicas,
        name: `${name} resource`,
        current: { averageValue: quantityOf(usage, name) },
      }
    }
    const wanted = { target: target.averageUtilization ?? 0, resource: name, container }
    const { replicas, usage, utilization } = byUtilization(asked.situation, values, wanted)
    return {
      replicas,
      name: `${name} ${container ? 'container ' : ''}resource utilization (percentage of request)`,
      current: {
        averageValue: quantityOf(usage, name),
        ...(utilization === undefined ? {} : { averageUtilization: utilization }),
      },
    }
  })
}

function ofTotal({ situation }: Asked, value: number, target: Target) {
  const isValue = target.value !== undefined
  const wanted = quantityToMilli(target.value ?? target.averageValue ?? '0')
  const proposal: Proposal = isValue
    ? byValue(situation, value, wanted)
    : byValuePerPod(situation, value, wanted)
  const quantity = quantityOf(proposal.usage)
  const current = isValue ? { value: quantity } : { averageValue: quantity }
  return { replicas: proposal.replicas, current }
}

async function wrapped<T>(what: string, ask: () => Promise<T>, joint = ': '): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new Error(`${what}${joint}${messageOf(error)}`)
  }
}

/** Memory is told in powers of two, as pods ask for it. */
function quantityOf(milli: number, resource = ''): string {
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI'
  return formatQuantity({ nanos: BigInt(Math.round(milli)) * 1_000_000n, format })
}

const externalName = (metric: MetricIdentifier) =>
  `external metric ${metric.name}(${goTextOf(metric.selector)})`
