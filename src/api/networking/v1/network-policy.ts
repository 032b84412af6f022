import { cidrWarnings } from '../../core/v1/addresses.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import { type NetworkPolicy, networkPolicyShape } from './network-policy.schema.ts'
import { blocksOf, validateNetworkPolicy } from './network-policy.validation.ts'

export type * from './network-policy.schema.ts'

export const networkPolicy = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  scope: 'Namespaced',
  shape: networkPolicyShape,
  takesAnyPrefix: true,
  hasGeneration: true,
  defaults: ({ spec }) => {
    if (!spec.policyTypes?.length)
      spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
  },
  validate: validateNetworkPolicy,
  warnings: ({ spec }) =>
    blocksOf(spec).flatMap(({ path, block: { cidr, except = [] } }) => [
      ...cidrWarnings(`${path}.cidr`, cidr),
      ...except.flatMap((range, index) => cidrWarnings(`${path}.except[${index}]`, range)),
    ]),
  columns: [
    nameColumn,
    column(
      'Pod-Selector',
      'Labels of the pods that it is for.',
      ({ spec }) => labelMatcherOf(spec.podSelector).toString() || '<none>',
    ),
    ageColumn,
  ],
})
