import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type Ingress, type IngressRule, ingressShape } from './ingress.schema.ts'
import {
  validateIngress,
  validateIngressCreate,
  validateIngressStatus,
} from './ingress.validation.ts'

export type * from './ingress.schema.ts'

/** How classes were named before they had a field. */
export const INGRESS_CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

export const ingress = defineKind<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  scope: 'Namespaced',
  shape: ingressShape,
  judgesChangesFirst: 'ofMetadata',
  subresources: { status: true },
  hasGeneration: true,
  prepareForCreate: draft => {
    draft.status = { loadBalancer: {} }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateIngress,
  validateCreate: object => validateIngressCreate(object, INGRESS_CLASS_ANNOTATION),
  validateStatusUpdate: validateIngressStatus,
  warnings: ({ metadata, spec }, previous) => {
    const isNamed = metadata.annotations?.[INGRESS_CLASS_ANNOTATION] !== undefined
    if (previous || !isNamed || spec.ingressClassName !== undefined) return []
    return [
      `annotation ${JSON.stringify(INGRESS_CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`,
    ]
  },
  columns: [
    nameColumn,
    column(
      'Class',
      'The IngressClass, and so the controller.',
      ({ spec }) => spec.ingressClassName ?? '<none>',
    ),
    column('Hosts', 'Hosts that it answers for.', ({ spec }) => shownHosts(spec.rules ?? [])),
    column('Address', 'Where it takes requests.', addresses),
    column('Ports', 'Ports on which it takes requests.', ({ spec }) =>
      spec.tls?.length ? '80, 443' : '80',
    ),
    ageColumn,
  ],
})

/** So many hosts are named before the column counts the rest. */
const SHOWN_HOSTS = 3

function shownHosts(rules: readonly IngressRule[]): string {
  const named = rules.filter(({ host }) => host).slice(0, SHOWN_HOSTS)
  if (named.length === 0) return '*'
  const shown = named.map(({ host }) => host).join(',')
  const last = named[SHOWN_HOSTS - 1]
  // As upstream, which looks for more in rules, with a host or without, and counts them.
  const hasMore = last !== undefined && last !== rules.at(-1)
  return hasMore ? `${shown} + ${rules.length - SHOWN_HOSTS} more...` : shown
}

function addresses({ status }: Ingress): string {
  const found = (status.loadBalancer.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(found.filter(text => text !== ''))].sort().join(',')
}
