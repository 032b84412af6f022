/** Configurations that are wrong, each in its own way, as webhooks or as parts of one that is right. */
import { base64, caBundle } from './server.ts'

const client = (clientConfig: object) => ({ clientConfig })
const at = (url: unknown) => client({ url, caBundle })
const service = (more: object) => client({ service: { namespace: 'n', name: 's', ...more } })
const rules = (...list: object[]) => ({ rules: list })
const rule = (more: object) => rules({ ...RULE, ...more })
const RULE = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }
const when = (...expressions: unknown[]) => ({
  matchConditions: expressions.map((expression, at) => ({ name: `c${at}`, expression })),
})
const chosen = (matchExpressions: object[]) => ({ matchExpressions })

const GOOD = {
  name: 'good.hooks.io',
  clientConfig: { url: 'https://127.0.0.1:8443/x', caBundle },
  rules: [RULE],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}

const URLS = [
  '',
  'x',
  '/x',
  'https:',
  'https://',
  'https:///x',
  'http://a.example.com/x',
  'HTTPS://a.example.com/x',
  'ftp://a.example.com',
  'https://user@a.example.com/x',
  'https://user:word@a.example.com/x',
  'https://@a.example.com/x',
  'https://a.example.com/x?a=b',
  'https://a.example.com/x?',
  'https://a.example.com/x#y',
  'https://a.example.com/x#',
  'https://a.example.com:0/x',
  'https://a.example.com:99999/x',
  'https://a.example.com:port/x',
  'https://a.example.com:/x',
  'https://a_b/x',
  'https://A.example.com/x y',
  'https://a b/x',
  'https://a.example.com/%zz',
  'https://a.example.com/%41',
  'https://[::1]:443/x',
  'https://[::1/x',
  'https://::1/x',
  'https://a.example.com//x/../y',
  'https://ä.example.com/ü',
  ' https://a.example.com',
  'https://a.example.com/\n',
  'http://user@a.example.com/x?a=b#c',
]
const PATHS = [
  '',
  '/',
  '//',
  '/a',
  '/a/',
  '/a/b',
  'a',
  'a/b',
  '/a//b',
  '//a',
  '/A',
  '/a_b',
  '/a.b',
  '/-a',
  '/a/./b',
  '/a/../b',
  '/%41',
  '/a?b=c',
  '/a#b',
  '/a b',
  '/ä',
]

const OF_FIELDS = when('request.nothing == "x"')
const OF_FUNCTIONS = when('authorizer.nothing()')

/** Parts that take the place of those of a webhook that is right. */
export const WRONG_PARTS: readonly object[] = [
  {},
  ...['', 'a', 'a.b', 'A.b.c', 'a.b.c.', 'a..b', 'a.b.c/d', '-a.b.c', `${'a'.repeat(250)}.b.c`].map(
    name => ({ name }),
  ),
  { name: undefined },
  ...URLS.map(at),
  at(5),
  client({}),
  client({ url: 'https://a.example.com', service: { namespace: 'n', name: 's' } }),
  ...PATHS.map(path => service({ path })),
  ...[0, 1, 65535, 65536, -1, 443.5, '443'].map(port => service({ port })),
  service({ name: '' }),
  service({ namespace: '' }),
  service({ name: '', namespace: '', path: 'x', port: 0 }),
  service({ name: 'Not A Name', namespace: 'Nor This' }),
  client({ service: {} }),
  client({ url: 'https://a.example.com', caBundle: base64('not PEM') }),
  client({ url: 'https://a.example.com', caBundle: 'not base64' }),
  client({ url: 'https://a.example.com', caBundle: '' }),
  rules(),
  { rules: null },
  rules({}),
  rule({ operations: [] }),
  rule({ operations: ['*', 'CREATE'] }),
  rule({ operations: ['CREATE', '*'] }),
  rule({ operations: ['create'] }),
  rule({ operations: [''] }),
  rule({ operations: ['CREATE', 'CREATE'] }),
  rule({ operations: ['PATCH', 'GET', 'LIST'] }),
  rule({ apiGroups: [] }),
  rule({ apiGroups: ['*', ''] }),
  rule({ apiGroups: ['', 'No Group', 'UPPER'] }),
  rule({ apiVersions: [] }),
  rule({ apiVersions: ['*', 'v1'] }),
  rule({ apiVersions: ['', 'v1', 'V 1'] }),
  rule({ resources: [] }),
  rule({ resources: [''] }),
  rule({ resources: ['/'] }),
  rule({ resources: ['a/'] }),
  rule({ resources: ['/a'] }),
  rule({ resources: ['a/b/c'] }),
  rule({ resources: ['*', 'a'] }),
  rule({ resources: ['a', '*'] }),
  rule({ resources: ['*', 'a/b'] }),
  rule({ resources: ['*/*', 'a'] }),
  rule({ resources: ['*/*', '*'] }),
  rule({ resources: ['a/*', 'a/b'] }),
  rule({ resources: ['a/b', 'a/*'] }),
  rule({ resources: ['*/b', 'a/b'] }),
  rule({ resources: ['a', 'a', 'a/*', '*/status', 'b/status'] }),
  rule({ resources: ['*/b', '*/*', 'a/*', 'a/b', ''] }),
  ...['', '*', 'Cluster', 'Namespaced', 'cluster', 'Other'].map(scope => rule({ scope })),
  ...[0, 1, 30, 31, -1, 1.5, '5', null].map(timeoutSeconds => ({ timeoutSeconds })),
  ...['', 'Fail', 'Ignore', 'fail', 'Other'].map(failurePolicy => ({ failurePolicy })),
  ...['', 'Exact', 'Equivalent', 'Other'].map(matchPolicy => ({ matchPolicy })),
  ...['', 'None', 'NoneOnDryRun', 'Some', 'Unknown', 'none', null].map(sideEffects => ({
    sideEffects,
  })),
  ...['', 'Never', 'IfNeeded', 'Other'].map(reinvocationPolicy => ({ reinvocationPolicy })),
  ...[
    [],
    null,
    ['v1'],
    ['v1beta1'],
    ['v2'],
    ['v2', 'v1'],
    ['v1', 'v1'],
    [''],
    ['V1'],
    ['v1', 'a b', 'v1beta1'],
    'v1',
  ].map(admissionReviewVersions => ({ admissionReviewVersions })),
  { namespaceSelector: { matchLabels: { 'a b': 'c' } } },
  { namespaceSelector: { matchLabels: { a: 'c d' } } },
  { namespaceSelector: chosen([{ key: 'a', operator: 'In' }]) },
  { namespaceSelector: chosen([{ key: 'a', operator: 'Exists', values: ['b'] }]) },
  { objectSelector: chosen([{ key: 'a', operator: 'Near', values: ['b'] }]) },
  { objectSelector: chosen([{ key: '', operator: 'In', values: ['b', '-'] }]) },
  { namespaceSelector: null, objectSelector: null },
  when(''),
  when(' '),
  when('true', 'false'),
  when('1'),
  when('"text"'),
  when('object.foo'),
  when('nothing'),
  when('object.'),
  when('variables.x == 1'),
  when('params.x == 1'),
  when('namespaceObject.metadata.name == "x"'),
  OF_FIELDS,
  when('authorizer.path("/x").check("get").allowed()'),
  OF_FUNCTIONS,
  when('oldObject == null || object == null'),
  { matchConditions: [{ name: '', expression: 'true' }] },
  { matchConditions: [{ name: 'a b', expression: 'true' }] },
  {
    matchConditions: [
      { name: 'a', expression: 'true' },
      { name: 'a', expression: 'true' },
    ],
  },
  { matchConditions: [{ expression: 'true' }, { name: 'b' }] },
  {
    matchConditions: Array.from({ length: 65 }, (_, at) => ({
      name: `c${at}`,
      expression: 'true',
    })),
  },
  {
    name: 'x',
    clientConfig: {},
    rules: [{ operations: ['x'] }],
    failurePolicy: 'x',
    matchPolicy: 'x',
    sideEffects: 'x',
    timeoutSeconds: 77,
    namespaceSelector: chosen([{ key: 'a', operator: 'x' }]),
    objectSelector: chosen([{ key: 'a', operator: 'x' }]),
    reinvocationPolicy: 'x',
    admissionReviewVersions: ['x'],
    matchConditions: [{ name: '', expression: '' }],
  },
]

export const DIFFERING_PARTS: ReadonlyMap<object, string> = new Map([
  [
    OF_FIELDS,
    'Proa takes a field of a request that there is not for one that is missing, and does not refuse the expression',
  ],
  [OF_FUNCTIONS, 'the library of expressions has its own words for a function that there is not'],
])

export const withPart = (part: object): object => ({ webhooks: [{ ...GOOD, ...part }] })

/** Wrong as a whole. */
export const WRONG_WHOLES: readonly object[] = [
  {},
  { webhooks: null },
  { webhooks: [] },
  { webhooks: [null] },
  { webhooks: [{}] },
  { webhooks: 'none' },
  { webhooks: [GOOD, GOOD] },
  { webhooks: [GOOD, { ...GOOD, name: 'other.hooks.io' }, GOOD, { ...GOOD, timeoutSeconds: 0 }] },
  { webhooks: [{ ...GOOD, unknown: 1, rules: [{ ...RULE, more: 2 }] }], extra: 3 },
]

/** What an update makes of one that is right. */
export const WRONG_UPDATES: readonly object[] = [
  { webhooks: [GOOD, GOOD] },
  withPart({ sideEffects: 'Some' }),
  withPart({ admissionReviewVersions: ['v9'] }),
  withPart({ timeoutSeconds: 31 }),
  withPart({ name: 'a.b' }),
  withPart(when('1')),
  withPart(when('true')),
  withPart(when('object.')),
  withPart({ objectSelector: chosen([{ key: 'a', operator: 'Near' }]) }),
  withPart(rule({ resources: ['*', 'a'] })),
  withPart(at('http://a.example.com')),
  { webhooks: [] },
]
