/** Policies and what they make of requests: each is asked about objects that carry its name as the label `case`. */

export interface PolicyCase {
  readonly isMutating?: boolean
  readonly spec: object
  readonly binding?: object
  /** What is asked besides a ConfigMap that is made. */
  readonly asks?: readonly {
    readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    readonly body?: object
    readonly headers?: Readonly<Record<string, string>>
  }[]
}

const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
const denied = (validation: object, spec: object = {}): PolicyCase => ({
  spec: { validations: [{ expression: 'false', ...validation }], ...spec },
})
/** Each text is told in a warning. */
const shown = (...expressions: readonly string[]): PolicyCase => ({
  spec: {
    validations: expressions.map(each => ({
      expression: 'false',
      messageExpression: `"%s".format([${each}])`,
    })),
  },
  binding: { validationActions: ['Warn'] },
})
/** What nobody may put into a message is told by an error: there is no such key. */
const leaked = (expression: string): PolicyCase =>
  denied({ expression: `{"a": true}["%s".format([${expression}])]` })
const apply = (...expressions: readonly string[]): PolicyCase => ({
  isMutating: true,
  spec: {
    mutations: expressions.map(expression => ({
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression },
    })),
  },
})
const patch = (...operations: readonly string[]): PolicyCase => ({
  isMutating: true,
  spec: {
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: `[${operations.map(each => `JSONPatch{${each}}`).join(', ')}]`,
        },
      },
    ],
  },
})
const bound = (paramRef: object, spec: object = {}): PolicyCase => ({
  spec: {
    paramKind,
    validations: [
      {
        expression: 'int(object.data.n) < int(params.data.limit)',
        messageExpression: "'limit ' + params.data.limit",
      },
    ],
    ...spec,
  },
  binding: { paramRef: { parameterNotFoundAction: 'Deny', ...paramRef } },
})
const condition = (expression: string, spec: object = {}) =>
  denied({}, { matchConditions: [{ name: 'when', expression }], ...spec })
const READER = "authorizer.serviceAccount('default', 'reader')"

const VALIDATING: Readonly<Record<string, PolicyCase>> = {
  plain: denied({}),
  message: denied({ message: '  no way  ', reason: 'Forbidden' }),
  large: denied({ reason: 'RequestEntityTooLarge' }),
  'message-wins': denied({ message: 'm', messageExpression: "'name ' + object.metadata.name" }),
  'message-empty': denied({ message: 'm', messageExpression: "'  '" }),
  'message-lines': denied({ message: 'm', messageExpression: "'a\\nb'" }),
  'message-fails': denied({ message: 'm', messageExpression: 'string(object.data.none)' }),
  error: denied({ expression: "object.data.none == 'a'", reason: 'Forbidden' }),
  'error-ignored': denied({ expression: "object.data.none == 'a'" }, { failurePolicy: 'Ignore' }),
  'error-warned': {
    ...denied({ expression: 'object.data.k > 1' }),
    binding: { validationActions: ['Warn'] },
  },
  audited: { ...denied({}), binding: { validationActions: ['Audit', 'Deny'] } },
  'note-error': {
    spec: { auditAnnotations: [{ key: 'a', valueExpression: 'string(object.data.none)' }] },
  },
  'condition-false': condition("object.data.k == 'w'"),
  'condition-error': condition("object.data.none == 'v'"),
  'condition-error-ignored': condition("object.data.none == 'v'", { failurePolicy: 'Ignore' }),
  'condition-rights': condition("!authorizer.group('').resource('pods').check('get').allowed()"),
  'condition-params': {
    ...bound({ selector: { matchLabels: { params: 'yes' } } }),
    spec: {
      paramKind,
      matchConditions: [{ name: 'b', expression: "params.data.limit == '5'" }],
      validations: [{ expression: 'false', messageExpression: "'limit ' + params.data.limit" }],
    },
  },
  variables: denied(
    { messageExpression: "string(variables.a) + ' ' + variables.b" },
    {
      variables: [
        { name: 'a', expression: 'size(object.data)' },
        { name: 'b', expression: 'string(variables.a + 1)' },
      ],
    },
  ),
  'variables-fail': denied(
    { expression: 'variables.b == 1' },
    {
      variables: [
        { name: 'a', expression: 'object.data.none' },
        { name: 'b', expression: 'variables.a' },
      ],
    },
  ),
  'variables-rights': denied(
    { messageExpression: 'string(variables.may)' },
    { variables: [{ name: 'may', expression: "authorizer.path('/a').check('get').allowed()" }] },
  ),
  request: shown(
    'request.kind.kind',
    'request.operation',
    'has(request.name)',
    'request.namespace',
    'request.dryRun',
    'request.userInfo.groups',
    'has(request.subResource)',
    'request.options',
    'oldObject == null',
  ),
  namespace: shown(
    'namespaceObject.metadata.name',
    'namespaceObject.metadata.labels',
    'namespaceObject.status.phase',
  ),
  updates: {
    ...shown('request.operation', 'object == null', 'oldObject == null', 'request.options'),
    asks: [
      { method: 'PUT', body: { data: { k: 'changed' } } },
      {
        method: 'PATCH',
        body: { data: { k: 'merged' } },
        headers: { 'content-type': 'application/merge-patch+json' },
      },
      ...[
        { orphanDependents: false },
        { orphanDependents: true, gracePeriodSeconds: 3 },
        { propagationPolicy: 'Background', gracePeriodSeconds: -1 },
      ].map(options => ({
        method: 'DELETE' as const,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'], ...options },
      })),
      { method: 'DELETE' },
    ],
  },
  'params-name': bound({ name: 'params-a', namespace: 'default' }),
  'params-own-namespace': bound({ name: 'params-a' }),
  'params-missing': bound({ name: 'none' }),
  'params-missing-allowed': bound({ name: 'none', parameterNotFoundAction: 'Allow' }),
  'params-missing-ignored': bound({ name: 'none' }, { failurePolicy: 'Ignore' }),
  'params-selector-none': bound({ selector: { matchLabels: { params: 'maybe' } } }),
  'params-unknown-kind': bound(
    { name: 'a' },
    { paramKind: { apiVersion: 'none.example.com/v1', kind: 'Nothing' } },
  ),
  'rights-allowed': leaked(
    `${READER}.group('').resource('pods').namespace('default').check('get').allowed()`,
  ),
  'rights-reason': leaked(`${READER}.group('').resource('pods').check('get').reason()`),
  'rights-none': leaked(`${READER}.group('').resource('pods').check('delete').reason()`),
  'rights-subresource': leaked(
    `${READER}.group('').resource('pods').subresource('log').check('get').allowed()`,
  ),
  'rights-path': leaked(`${READER}.path('/metrics').check('get').allowed()`),
  'rights-other-path': leaked(`${READER}.path('/other').check('get').allowed()`),
  'rights-request': leaked("authorizer.requestResource.check('create').allowed()"),
  'rights-error': leaked(`${READER}.group('').resource('pods').check('get').error()`),
  'rights-decision': leaked("authorizer.path('/a').check('get').errored()"),
  'rights-many': leaked("[1, 2, 3].map(x, authorizer.path('/a').check('get').allowed())"),
  'rights-in-messages': denied({
    messageExpression: "string(authorizer.path('/a').check('get').allowed())",
  }),
}

const MUTATING: Readonly<Record<string, PolicyCase>> = {
  label: apply('Object{metadata: Object.metadata{labels: {"added": "yes", "__proto__": "x"}}}'),
  two: apply('Object{data: {"one": "1"}}', 'Object{data: {"two": string(size(object.data))}}'),
  'second-fails': apply(
    'Object{data: {"one": "1"}}',
    'Object{data: {"two": string(object.data.none)}}',
  ),
  optional: apply('Object{?data: optional.of({"a": "b"}), ?immutable: optional.none()}'),
  'unknown-field': apply('Object{spec: Object.spec{a: 1}}'),
  'wrong-name': apply('Object{metadata: Object.data{labels: {"a": "b"}}}'),
  'number-key': apply('Object{data: {1: "a"}}'),
  'no-object': apply('object'),
  'kind-kept': apply('Object{kind: "Secret", apiVersion: "v2"}'),
  'invalid-result': apply('Object{metadata: Object.metadata{labels: {"a b": "c"}}}'),
  again: { ...apply('Object{data: {"count": string(size(object.data))}}') },
  escaped: patch('op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: "y"'),
  'escaped-more': patch(
    'op: "add", path: "/metadata/annotations", value: {"e": jsonpatch.escapeKey("a/b~c~1/")}',
  ),
  remove: patch('op: "remove", path: "/data/k"'),
  'remove-none': patch('op: "remove", path: "/data/none"'),
  'move-none': patch('op: "move", from: "/data/none", path: "/data/x"'),
  'no-parent': patch('op: "add", path: "/none/x", value: "y"'),
  'unknown-op': patch('op: "nope", path: "/data/x", value: "y"'),
  'test-in-vain': patch('op: "test", path: "/data/k", value: "x"', 'op: "remove", path: "/data/k"'),
  'optional-value': patch('op: "add", path: "/data/x", ?value: optional.of("y")'),
  'number-for-text': patch('op: "add", path: "/data/x", value: 1'),
  'constructed-value': patch(
    'op: "add", path: "/metadata/annotations", value: Object.metadata.annotations{a: "b"}',
  ),
  'no-patches': {
    isMutating: true,
    spec: { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }] },
  },
}
Object.assign(MUTATING.again?.spec ?? {}, { reinvocationPolicy: 'IfNeeded' })

export const POLICIES: Readonly<Record<string, PolicyCase>> = { ...VALIDATING, ...MUTATING }
