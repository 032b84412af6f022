/** What a webhook may do with a question about a ConfigMap, from the sensible to the mad. */
import { type Behaviour, base64, patchOf } from './server.ts'

const refusal =
  (status?: object): Behaviour =>
  () => ({
    response: { allowed: false, ...(status && { status }) },
  })
const patching =
  (...operations: object[]): Behaviour =>
  () => ({ response: patchOf(...operations) })
const response =
  (of: object): Behaviour =>
  () => ({ response: of })
const text =
  (body: string, status = 200, headers = {}): Behaviour =>
  () => ({
    text: body,
    status,
    headers,
  })
const around =
  (review: object): Behaviour =>
  () => ({ response: {}, review })
const JSON_TYPE = { 'content-type': 'application/json' }
const warning =
  (...warnings: unknown[]): Behaviour =>
  () => ({ response: { warnings } })
const add = (path: string, value: unknown) => ({ op: 'add', path, value })
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'u' }

/** Of validating and mutating webhooks alike. */
export const ANSWERS: Readonly<Record<string, Behaviour>> = {
  allows: response({}),
  hangs: () => ({ hangs: true }),
  breaks: () => ({ breaks: true }),
  'says-500': text('boom', 500),
  'says-500-in-json': text(
    '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"busy","reason":"InternalError","code":500}',
    500,
    JSON_TYPE,
  ),
  'says-500-at-length': text('x'.repeat(5000), 500),
  'says-503': text('', 503),
  // Longer than the second for which it is waited.
  'says-429': text('later', 429, { 'retry-after': '7' }),
  'says-400': text('bad', 400),
  'says-401': text('who?', 401),
  'says-403': text('no', 403),
  'says-403-emptily': text('', 403),
  'says-406': text('none of these', 406),
  'says-415': text('not this', 415),
  'says-422': text('wrong', 422),
  'says-504': text('late', 504),
  'says-502-and-to-ask-again-soon': text('later', 502, { 'retry-after': 'soon' }),
  'says-404': text('', 404),
  'says-405': text('', 405),
  'says-409': text('', 409),
  'says-418': text('tea', 418),
  'says-204': text('', 204),
  'says-201': () => ({ response: {}, status: 201 }),
  'says-202': () => ({ response: {}, status: 202 }),
  redirects: text('', 302, { location: '/allows' }),
  'redirects-for-good': text('', 308, { location: '/allows' }),
  'redirects-nowhere': text('', 301),
  'is-not-modified': text('', 304),
  'is-empty': text(''),
  'is-html': text('<html>'),
  'is-cut': text('{"kind":"AdmissionReview"', 200, JSON_TYPE),
  'is-doubled': text('{}{}', 200, JSON_TYPE),
  'is-null': text('null', 200, JSON_TYPE),
  'is-text': text('nothing at all', 200, JSON_TYPE),
  'is-text-of-no-type': text('nothing at all'),
  'is-number': text('5', 200, JSON_TYPE),
  'is-list': text('[]', 200, JSON_TYPE),
  'is-object': text('{}', 200, JSON_TYPE),
  'is-pod': text('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}', 200, JSON_TYPE),
  'is-status': text(
    '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"hm","code":400}',
    200,
    JSON_TYPE,
  ),
  'is-yaml': text('kind: AdmissionReview\napiVersion: admission.k8s.io/v1\n', 200, {
    'content-type': 'application/yaml',
  }),
  'has-odd-type': () => ({ response: {}, type: 'text/plain' }),
  'has-other-version': around({ apiVersion: 'admission.k8s.io/v1beta1' }),
  'has-strange-version': around({ apiVersion: 'admission.k8s.io/v7' }),
  'has-other-group': around({ apiVersion: 'example.com/v1' }),
  'has-wrong-version': around({ apiVersion: 'a/b/c' }),
  'has-no-version': around({ apiVersion: undefined }),
  'has-other-kind': around({ kind: 'Review' }),
  'has-no-kind': around({ kind: undefined }),
  'has-no-response': around({ response: undefined }),
  'has-null-response': around({ response: null }),
  'has-text-response': around({ response: 'yes' }),
  'has-other-uid': response({ uid: 'another' }),
  'has-no-uid': response({ uid: undefined }),
  'has-number-uid': response({ uid: 5 }),
  'allows-in-words': response({ allowed: 'true' }),
  'allows-not-saying': response({ allowed: undefined }),
  'allows-with-null': response({ allowed: null }),
  'has-unknown-fields': () => ({ response: { more: 1 }, review: { extra: { a: 'b' } } }),
  'allows-with-status': response({ status: { code: 403, message: 'allowed all the same' } }),
  refuses: refusal(),
  'refuses-emptily': refusal({}),
  'refuses-with-words': refusal({ message: 'not today, 100%d' }),
  'refuses-with-lines': refusal({ message: 'one\ntwo\t"three" <b>' }),
  'refuses-with-reason': refusal({ reason: 'Forbidden' }),
  'refuses-with-own-reason': refusal({ reason: 'Tired' }),
  'refuses-with-both': refusal({ reason: 'NotFound', message: 'nothing here' }),
  'refuses-with-code': refusal({ code: 403 }),
  'refuses-with-code-200': refusal({ code: 200 }),
  'refuses-with-code-302': refusal({ code: 302, message: 'elsewhere' }),
  'refuses-with-code-399': refusal({ code: 399, message: 'nearly' }),
  'refuses-with-code-499': refusal({ code: 499, message: 'gone' }),
  'refuses-with-code-500': refusal({ code: 500, message: 'broken', reason: 'InternalError' }),
  'refuses-with-code-599': refusal({ code: 599, message: 'odd' }),
  'refuses-with-code-777': refusal({ code: 777, message: 'odd' }),
  'refuses-with-negative-code': refusal({ code: -1, message: 'odd' }),
  'refuses-with-text-code': refusal({ code: '403', message: 'odd' }),
  'refuses-with-broken-code': refusal({ code: 403.5, message: 'odd' }),
  'refuses-successfully': refusal({ status: 'Success', message: 'fine', code: 200 }),
  'refuses-with-another-status': refusal({ status: 'Whatever', message: 'fine', code: 403 }),
  'refuses-with-status-text': refusal({
    status: 'Failure',
    metadata: { resourceVersion: '5', continue: 'c' },
    code: 409,
    reason: 'Conflict',
    message: 'm',
  }),
  'refuses-with-details': refusal({
    code: 422,
    reason: 'Invalid',
    message: 'wrong',
    details: {
      name: 'n',
      group: 'g',
      kind: 'k',
      uid: 'u',
      retryAfterSeconds: 7,
      causes: [{ reason: 'FieldValueInvalid', message: 'm', field: 'f' }, {}],
    },
  }),
  'refuses-with-empty-details': refusal({ message: 'm', details: {} }),
  'refuses-with-odd-details': refusal({ message: 'm', details: { more: 1, causes: null } }),
  'refuses-with-text-details': refusal({ message: 'm', details: 'none' }),
  'refuses-for-now': refusal({
    code: 429,
    reason: 'TooManyRequests',
    message: 'later',
    details: { retryAfterSeconds: 3 },
  }),
  'refuses-with-number-message': refusal({ message: 5 }),
  'refuses-with-text-status': response({ allowed: false, status: 'no' }),
  'refuses-with-null-status': response({ allowed: false, status: null }),
  'refuses-and-warns': response({ allowed: false, warnings: ['careful'] }),
  warns: warning('careful'),
  'warns-often': warning(...Array.from({ length: 30 }, (_, at) => `warning ${at}`)),
  'warns-twice-alike': warning('same', 'same'),
  'warns-at-length': warning('x'.repeat(3000)),
  'warns-beyond-all': warning(...Array.from({ length: 10 }, (_, at) => `${at}`.repeat(1000))),
  'warns-in-lines': warning('one\ntwo\r\nthree', 'tab\there'),
  'warns-with-quotes': warning('say "hi" \\ done'),
  'warns-of-nothing': warning(''),
  'warns-in-greek': warning('αβγ ✓'),
  'warns-with-controls': warning('\u0001'),
  'warns-with-number': warning(5),
  'warns-with-null': warning(null),
  'warns-in-text': response({ warnings: 'careful' }),
  annotates: response({ auditAnnotations: { key: 'value', 'odd key/x y': 'v' } }),
  'annotates-in-text': response({ auditAnnotations: 'none' }),
  'annotates-with-numbers': response({ auditAnnotations: { key: 5 } }),
  patches: patching(add('/data/patched', 'yes'), add('/metadata/labels/patched', 'yes')),
  'patches-without-type': response({ patch: base64('[]') }),
  'has-type-without-patch': response({ patchType: 'JSONPatch' }),
  'has-null-type': response({ patch: base64('[]'), patchType: null }),
  'has-empty-type': response({ patch: base64('[]'), patchType: '' }),
  'has-empty-type-alone': response({ patchType: '' }),
  'has-another-type': response({ patch: base64('{}'), patchType: 'MergePatch' }),
  'has-another-type-of-list': response({
    patch: base64('[{"op":"test","path":"/none"}]'),
    patchType: 'MergePatch',
  }),
  'has-number-type': response({ patch: base64('[]'), patchType: 3 }),
  'has-empty-patch': response({ patch: '', patchType: 'JSONPatch' }),
  'has-null-patch': response({ patch: null, patchType: 'JSONPatch' }),
  'is-huge': response({ more: 'x'.repeat(4_000_000) }),
  'is-huger': response({ more: 'x'.repeat(12_000_000) }),
}

/** Of mutating ones alone, with patches that are more than that. */
export const PATCHES: Readonly<Record<string, Behaviour>> = {
  'patch-is-nothing': patching(),
  'patch-is-no-base64': response({ patch: '***', patchType: 'JSONPatch' }),
  'patch-is-object': response({ patch: [{ op: 'add' }], patchType: 'JSONPatch' }),
  'patch-is-no-json': response({ patch: base64('nothing'), patchType: 'JSONPatch' }),
  'patch-is-no-list': response({ patch: base64('{"a":1}'), patchType: 'JSONPatch' }),
  'patch-is-null': response({ patch: base64('null'), patchType: 'JSONPatch' }),
  'patch-has-null': response({ patch: base64('[null]'), patchType: 'JSONPatch' }),
  'patch-has-text': response({ patch: base64('["add"]'), patchType: 'JSONPatch' }),
  'patch-has-no-op': patching({ path: '/data/x', value: 'v' }),
  'patch-has-strange-op': patching({ op: 'put', path: '/data/x', value: 'v' }),
  'patch-has-no-path': patching({ op: 'add', value: 'v' }),
  'patch-has-number-path': patching({ op: 'add', path: 5, value: 'v' }),
  'patch-has-no-value': patching({ op: 'add', path: '/data/x' }),
  'patch-has-no-slash': patching(add('data', {})),
  'test-holds': patching({ op: 'test', path: '/data/k', value: 'v' }, add('/data/x', 'v')),
  'test-fails': patching({ op: 'test', path: '/data/k', value: 'w' }, add('/data/x', 'v')),
  'test-of-nothing': patching({ op: 'test', path: '/data/none', value: 'w' }),
  'removes-nothing': patching({ op: 'remove', path: '/data/none' }),
  'replaces-nothing': patching(replace('/data/none', 'v')),
  'moves-nothing': patching({ op: 'move', from: '/data/none', path: '/data/x' }),
  copies: patching({ op: 'copy', from: '/data/k', path: '/data/copied' }),
  moves: patching({ op: 'move', from: '/data/k', path: '/data/moved' }),
  'adds-below-nothing': patching(add('/none/deep', 'v')),
  'adds-the-same': patching(add('/data/k', 'v')),
  'adds-and-removes': patching(add('/data/x', 'v'), { op: 'remove', path: '/data/x' }),
  'makes-invalid': patching(add('/data/not~1allowed', 'v')),
  'makes-invalid-labels': patching(add('/metadata/labels/-', 'no way')),
  'makes-wrong-type': patching(add('/data', 5)),
  'makes-wrong-types-below': patching(add('/data/x', 5), add('/metadata/labels/y', true)),
  'adds-unknown-fields': patching(add('/more', { a: 1 }), add('/metadata/more', 'x')),
  'replaces-all': patching(
    replace('', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'replaces-all' },
      data: { only: 'this' },
    }),
  ),
  'adds-all': patching(add('', {})),
  'adds-beyond-list': patching(add('/metadata/finalizers', []), add('/metadata/finalizers/3', 'x')),
  'copies-nothing': patching({ op: 'copy', from: '/data/none', path: '/data/x' }),
  'copies-from-below-nothing': patching({ op: 'copy', from: '/none/x', path: '/data/x' }),
  'moves-from-nowhere': patching({ op: 'move', path: '/data/x' }),
  'removes-below-nothing': patching({ op: 'remove', path: '/none/x' }),
  'replaces-below-nothing': patching(replace('/none/x', 'v')),
  'replaces-all-by-text': patching(replace('', 'text')),
  'removes-all': patching({ op: 'remove', path: '' }),
  'removes-metadata': patching({ op: 'remove', path: '/metadata' }),
  'nulls-metadata': patching(replace('/metadata', null)),
  'changes-name': patching(replace('/metadata/name', 'another')),
  'removes-name': patching({ op: 'remove', path: '/metadata/name' }),
  'changes-namespace': patching(replace('/metadata/namespace', 'kube-system')),
  'removes-namespace': patching({ op: 'remove', path: '/metadata/namespace' }),
  'changes-kind': patching(replace('/kind', 'Secret')),
  'removes-kind': patching({ op: 'remove', path: '/kind' }),
  'changes-kind-alike': patching(replace('/kind', 'ServiceAccount')),
  'changes-version': patching(replace('/apiVersion', 'v2')),
  'removes-version': patching({ op: 'remove', path: '/apiVersion' }),
  'changes-uid': patching(add('/metadata/uid', 'mine')),
  'changes-revision': patching(add('/metadata/resourceVersion', '5')),
  'changes-time': patching(add('/metadata/creationTimestamp', '2020-01-01T00:00:00Z')),
  'changes-end': patching(add('/metadata/deletionTimestamp', '2020-01-01T00:00:00Z')),
  'changes-generation': patching(add('/metadata/generation', 7)),
  'changes-prefix': patching(add('/metadata/generateName', 'other-')),
  'adds-owners': patching(add('/metadata/ownerReferences', [owner, owner])),
  'adds-finalizers': patching(add('/metadata/finalizers', ['no-domain'])),
  'removes-labels': patching({ op: 'remove', path: '/metadata/labels' }),
  'removes-managed-fields': patching({ op: 'remove', path: '/metadata/managedFields' }),
  'changes-managed-fields': patching(replace('/metadata/managedFields/0/manager', 'other')),
  'breaks-managed-fields': patching(
    add('/metadata/managedFields', [{ manager: 'x', operation: 'Nothing' }]),
  ),
  'says-no-version-of-managed-fields': patching(
    replace('/metadata/managedFields/0/apiVersion', ''),
  ),
  'says-no-type-of-managed-fields': patching(replace('/metadata/managedFields/0/fieldsType', '')),
  'says-another-type-of-managed-fields': patching(
    replace('/metadata/managedFields/0/fieldsType', 'FieldsV9'),
  ),
  'empties-managed-fields': patching(replace('/metadata/managedFields', [])),
  'patches-and-refuses': () => ({ response: { allowed: false, ...patchOf(add('/data/x', 'v')) } }),
  'patches-and-warns': () => ({
    response: { warnings: ['patched'], ...patchOf(add('/data/x', 'v')) },
  }),
}

const FOLLOWED = 'Proa follows no redirect, by which a webhook could send a question elsewhere'
const TOO_LONG = 'Proa reads no answer longer than 8 MB, upstream any'

/** Why some answers are taken otherwise, by the failure policy. */
export const DIFFERING_ANSWERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Fail: { redirects: FOLLOWED, 'redirects-for-good': FOLLOWED, 'is-huger': TOO_LONG },
  Ignore: { redirects: FOLLOWED, 'redirects-for-good': FOLLOWED },
}
