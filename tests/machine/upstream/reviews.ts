/** Questions about access and identity, as both servers are asked them. */
import type { Asked } from './pair.ts'

const STRUCT = 'upstream shows its internal structure'

const asks = (path: string, ...bodies: readonly object[]): Asked[] =>
  bodies.map(body => ({ method: 'POST', path, body }))

const ACCESS = '/apis/authorization.k8s.io/v1'
const WHO = '/apis/authentication.k8s.io/v1'
const pods = { verb: 'get', resource: 'pods', namespace: 'default' }
const nonResourceAttributes = { verb: 'get', path: '/healthz' }
const spec = { user: 'x', resourceAttributes: pods }
const requirement = { key: 'a', operator: 'In', values: ['b'] }
const selecting = (more: object) => ({
  spec: { user: 'x', resourceAttributes: { ...pods, ...more } },
})
const selectors = ['fieldSelector', 'labelSelector'].flatMap(name =>
  [
    {},
    { rawSelector: 'a=b' },
    { rawSelector: '&&' },
    { rawSelector: 'a', requirements: [requirement] },
    { requirements: [{}] },
    { requirements: [{ ...requirement, values: [] }] },
    { requirements: [{ ...requirement, operator: 'NotIn' }] },
    { requirements: [{ ...requirement, operator: 'Exists' }] },
    { requirements: [{ ...requirement, operator: 'Near' }] },
    { requirements: [requirement, { key: 'a', operator: 'Near' }] },
  ].map(selector => selecting({ [name]: selector })),
)
const node = (more: object) => ({
  spec: {
    user: 'system:node:n',
    groups: ['system:nodes'],
    resourceAttributes: { ...pods, ...more },
  },
})

export const reviews: readonly Asked[] = [
  ...asks(
    `${ACCESS}/subjectaccessreviews`,
    { spec: {} },
    { spec: { user: 'x' } },
    { spec: { resourceAttributes: pods } },
    { spec },
    { metadata: { name: 'x' }, spec },
    { metadata: { labels: { a: 'b' } }, spec },
    { metadata: { resourceVersion: '1' }, spec },
    { metadata: { uid: 'x', namespace: 'default', selfLink: 'x' }, spec },
    ...selectors,
    selecting({ fieldSelector: { rawSelector: '&&' }, labelSelector: { rawSelector: '&&' } }),
    node({ verb: 'list' }),
    node({ verb: 'create', resource: 'secrets' }),
    node({ resource: 'secrets', subresource: 'status' }),
    node({ resource: 'secrets', namespace: '' }),
    node({ resource: 'secrets' }),
  ),
  ...asks(`${ACCESS}/subjectaccessreviews`, { spec: { ...spec, nonResourceAttributes } }).map(
    asked => ({ ...asked, differs: STRUCT }),
  ),
  ...asks(
    `${ACCESS}/namespaces/default/localsubjectaccessreviews`,
    { spec },
    { metadata: { namespace: 'other' }, spec },
    { spec: { user: 'x', resourceAttributes: { ...pods, namespace: 'other' } } },
  ),
  ...asks(`${ACCESS}/selfsubjectaccessreviews`, { metadata: { generation: 1 }, spec }, { spec }),
  ...asks(`${ACCESS}/selfsubjectrulesreviews`, { spec: {} }),
  ...asks(`${WHO}/tokenreviews`, {}, { metadata: { name: 'x' }, spec: { token: 'x' } }),
  ...asks(`${WHO}/selfsubjectreviews`, {}, { metadata: { name: 'x' } }),
  ...[`${WHO}/tokenreviews`, `${WHO}/selfsubjectreviews`].flatMap(path =>
    ['dryRun=Some', 'fieldValidation=Foo', 'dryRun=All'].flatMap(query =>
      asks(`${path}?${query}`, { spec: { token: 'x' } }),
    ),
  ),
]
