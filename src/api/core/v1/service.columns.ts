import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import { labelMatcherOfSet } from '../../machinery/label-selector.ts'
import type { Service } from './service.schema.ts'

const NONE = '<none>'

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  column('Type', 'How the service is reached.', ({ spec }) => spec.type ?? ''),
  column(
    'Cluster-IP',
    'Its address inside the cluster.',
    ({ spec }) => spec.clusterIPs?.[0] || spec.clusterIP || NONE,
  ),
  column('External-IP', 'Its addresses for the outside.', externalAddresses),
  column('Port(s)', 'Its ports, and the ports on the nodes.', portsOf),
  ageColumn,
  column(
    'Selector',
    'Labels of the pods behind it.',
    ({ spec }) => labelMatcherOfSet(spec.selector).toString() || NONE,
    { priority: 1 },
  ),
]

function externalAddresses({ spec, status }: Service): string {
  const own = spec.externalIPs ?? []
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  if (spec.type !== 'LoadBalancer') return own.join(',') || NONE
  const balanced = (status.loadBalancer.ingress ?? []).map(({ ip, hostname }) => ip || hostname)
  return [...[...new Set(balanced)].sort(), ...own].filter(Boolean).join(',') || '<pending>'
}

function portsOf({ spec: { ports = [] } }: Service): string {
  const shown = ports.map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return shown.join(',') || NONE
}
