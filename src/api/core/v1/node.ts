import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type Node, nodeShape } from './node.schema.ts'
import { nodeWarnings, validateNode, validateNodeUpdate } from './node.validation.ts'

export type * from './node.schema.status.ts'
export type * from './node.schema.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const ROLE_LABEL = 'kubernetes.io/role'

export const node = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  scope: 'Cluster',
  shape: nodeShape,
  subresources: {
    status: true,
    special: [
      {
        name: 'proxy',
        group: '',
        version: 'v1',
        kind: 'NodeProxyOptions',
        verbs: ['create', 'delete', 'get', 'patch', 'update'],
      },
    ],
  },
  defaults: draft => {
    const { spec, status } = draft
    // The single range is the older field; both say the same, and it has the last word.
    if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR]
    else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0]
    if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity }
  },
  // A kubelet registers its node with the status that it knows, so create keeps it.
  prepareForCreate: draft => forgetConfiguration(draft),
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
    forgetConfiguration(draft, previous)
  },
  prepareForStatusUpdate: forgetConfiguration,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNode,
  warnings: nodeWarnings,
  fieldSelectors: { 'spec.unschedulable': object => String(object.spec.unschedulable ?? false) },
  columns: [
    nameColumn,
    column('Status', 'Whether the node is ready, and whether it takes new pods.', statusOf),
    column('Roles', 'What the node is for, by its labels.', rolesOf),
    ageColumn,
    column('Version', 'Version of the kubelet.', ({ status }) => status.nodeInfo.kubeletVersion),
    wide('Internal-IP', 'Its address inside the cluster.', object =>
      addressOf(object, 'InternalIP'),
    ),
    wide('External-IP', 'Its address for the outside.', object => addressOf(object, 'ExternalIP')),
    wide('OS-Image', 'Its operating system.', object => known(object.status.nodeInfo.osImage)),
    wide('Kernel-Version', 'Version of its kernel.', object => kernelOf(object.status.nodeInfo)),
    wide('Container-Runtime', 'What runs its containers.', object =>
      known(object.status.nodeInfo.containerRuntimeVersion),
    ),
  ],
})

function wide(name: string, description: string, cell: (object: Node) => string) {
  return column<Node>(name, description, cell, { priority: 1 })
}

const known = (text: string) => text || '<unknown>'

function statusOf({ spec, status }: Node): string {
  const ready = status.conditions?.find(condition => condition.type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

function rolesOf({ metadata }: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key !== ROLE_PREFIX) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === ROLE_LABEL && value) roles.add(value)
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',')
}

function addressOf({ status }: Node, type: string): string {
  return status.addresses?.find(address => address.type === type)?.address ?? '<none>'
}

function kernelOf({ kernelVersion, architecture }: Node['status']['nodeInfo']): string {
  return known(kernelVersion) + (architecture ? ` (${architecture})` : '')
}

/** No kubelet takes its configuration from here any more; what is there from older servers stays. */
function forgetConfiguration({ spec, status }: Node, previous?: Node): void {
  if (!previous?.spec.configSource) delete spec.configSource
  if (!previous?.status.config) delete status.config
}
