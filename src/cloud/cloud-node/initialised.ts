/** A node as it is once its cloud has said what it is. Pure. */
import type { Node, Taint } from '#api/core/v1/node.ts'
import type { InstanceMetadata } from '../provider.ts'

/** Keeps pods off a node that no cloud has looked at yet. */
export const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized'

const ZONE = ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'] as const
const REGION = [
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/region',
] as const
const TYPE = ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'] as const

/** Labels that clouds have no say in. */
const RESERVED = /(^|\.)(kubernetes|k8s)\.io\//

export const isUninitialised = ({ spec }: Node): boolean =>
  (spec?.taints ?? []).some(({ key }) => key === UNINITIALIZED)

/** Gives the node without the taint, and with what the cloud says, as far as the node did not come with it. */
export function initialised(node: Node, told: InstanceMetadata): Node {
  const taints = (node.spec?.taints ?? []).filter(({ key }: Taint) => key !== UNINITIALIZED)
  const { taints: _, ...spec } = node.spec ?? {}
  const providerID = spec.providerID || told.providerID
  return {
    ...node,
    metadata: { ...node.metadata, labels: labelsOf(node, told) },
    spec: {
      ...spec,
      ...(providerID ? { providerID } : {}),
      ...(taints.length > 0 ? { taints } : {}),
    },
  }
}

function labelsOf(node: Node, told: InstanceMetadata): Record<string, string> {
  const labels: Record<string, string> = { ...node.metadata.labels }
  const put = (names: readonly string[], value: string | undefined) => {
    if (value) for (const name of names) labels[name] = value
  }
  put(TYPE, told.instanceType)
  put(ZONE, told.zone)
  put(REGION, told.region)
  for (const [name, value] of Object.entries(told.additionalLabels ?? {}))
    if (!RESERVED.test(name)) labels[name] ??= value
  return labels
}

/** What is missing of a node's labels, or contradicts: the old names of zone, region and type are those that count, as upstream has it. */
export function missingLabels({ metadata }: Node): Readonly<Record<string, string>> {
  const labels = metadata.labels ?? {}
  const missing: Record<string, string> = {}
  for (const [old, present] of [ZONE, REGION, TYPE]) {
    const value = labels[old]
    if (value !== undefined && labels[present] !== value) missing[present] = value
  }
  return missing
}
