/** Paths, queries, headers and names that make no sense, over real HTTPS: each gets its Status, and nothing else happens. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Case, configMaps, createConfigMap, tryCases } from './hostile-cases.ts'
import { jsonBody, Target, versions } from './target.ts'

const NO_RESOURCE = 'the server could not find the requested resource'
const NO_METHOD = 'the server does not allow this method on the requested resource'

describe('hostile requests', () => {
  let target: Target
  before(async () => {
    target = await Target.start()
    await createConfigMap(target, 'there')
  })
  after(async () => {
    await target.assertHealthy()
    assert.deepEqual((await target.report()).errors, [])
    await target.stop()
  })

  const missing = (path: string, method = 'GET'): Case => ({
    what: `${method} ${path}`,
    asked: { method, path },
    code: 404,
    reason: 'NotFound',
    message: NO_RESOURCE,
  })

  test('no segment of a path leads anywhere else (CVE-2022-3162)', async () => {
    const paths = [
      (odd: string) => `/api/v1/namespaces/${odd}/pods`,
      (odd: string) => `/api/v1/namespaces/default/configmaps/${odd}`,
      (odd: string) => `/api/v1/namespaces/default/${odd}/there`,
      (odd: string) => `/api/v1/namespaces/default/configmaps/there/${odd}`,
      (odd: string) => `/api/v1/nodes/${odd}`,
      (odd: string) => `/apis/${odd}/v1/deployments`,
      (odd: string) => `/apis/apps/${odd}/deployments`,
    ]
    const odd = ['..', '.', '%2e%2e', '%2E.', '..%2f..%2fsecrets', 'a%2fb', 'a%00b', '%5c..', '']
    const asked = paths.flatMap(path => odd.map(path)).filter(path => !path.endsWith('/'))
    await tryCases(
      target,
      asked.flatMap(path => [missing(path), missing(path, 'DELETE')]),
    )
    await tryCases(
      target,
      paths.flatMap(path =>
        ['%C0%AE%C0%AE', '%zz', '%'].map(segment => ({
          what: path(segment),
          asked: { path: path(segment) },
          code: 400,
          reason: 'BadRequest',
          message: `the path segment ${JSON.stringify(segment)} is not valid percent-encoding`,
        })),
      ),
    )
  })

  test('dots of other alphabets are names like any other, and nobody has them', async () => {
    for (const dots of ['%EF%BC%8E%EF%BC%8E', '%E2%80%A4%E2%80%A4', '%E3%80%82'])
      for (const version of versions) {
        const found = await target.ask({ path: `/api/v1/namespaces/${dots}/configmaps` }, version)
        assert.deepEqual([found.status, found.json.items], [200, []])
        const named = await target.ask({ path: `${configMaps}/${dots}` }, version)
        assert.equal(named.json.reason, 'NotFound')
      }
  })

  test('what is cluster-wide is not found in namespaces, nor the reverse (CVE-2019-11247)', async () => {
    const clusterWide = [
      '/api/v1/namespaces/default/nodes',
      '/api/v1/namespaces/default/nodes/here',
      '/api/v1/namespaces/default/persistentvolumes',
      '/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterroles',
      '/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterroles/cluster-admin',
      '/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterrolebindings',
    ]
    await tryCases(target, [
      ...clusterWide.flatMap(path => [missing(path), missing(path, 'DELETE')]),
      missing('/api/v1/configmaps/there'),
      missing('/apis/apps/v1/deployments/there'),
      missing('/api/v1/foos'),
      missing('/api/v2/pods'),
      missing(`${configMaps}/there/status`),
      missing(`${configMaps}/there/shadow`),
    ])
  })

  test('methods that do not fit', async () => {
    const refused = (method: string, path: string, body?: object): Case => ({
      what: `${method} ${path}`,
      asked: body ? jsonBody(method, path, body) : { method, path },
      code: 405,
      reason: 'MethodNotAllowed',
      message: NO_METHOD,
    })
    await tryCases(target, [
      refused('PUT', configMaps, { metadata: { name: 'x' } }),
      refused('POST', `${configMaps}/there`, { metadata: { name: 'there' } }),
      refused('PATCH', configMaps),
      refused('OPTIONS', configMaps),
      refused('GET', '/api/v1/namespaces/default/bindings'),
      refused('POST', '/api/v1/configmaps', { metadata: { name: 'x' } }),
      refused('DELETE', '/api/v1/namespaces/default/pods/x/status'),
    ])
    for (const version of versions)
      for (const method of ['TRACE', 'PROPFIND'])
        assert.equal((await target.ask({ method, path: configMaps }, version)).status, 405)
  })

  test('representations that we neither read nor write', async () => {
    const READ =
      'application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor'
    const unread = (type: string): Case => ({
      what: `Content-Type ${type}`,
      asked: { ...jsonBody('POST', configMaps, '{}'), headers: { 'content-type': type } },
      code: 415,
      reason: 'UnsupportedMediaType',
      message: `the body of the request was in an unknown format - accepted media types include: ${READ}`,
    })
    const unwritten = (accept: string, message: string | RegExp): Case => ({
      what: `Accept ${accept.slice(0, 40)}`,
      asked: { path: configMaps, headers: { accept } },
      code: 406,
      reason: 'NotAcceptable',
      message,
    })
    const NONE = /^406: Not Acceptable\n\nAvailable representations: application\/json, /
    await tryCases(target, [
      ...['text/csv', 'application/x-www-form-urlencoded', '*/*', ';'].map(unread),
      ...['text/html', 'image/png;q=0.8, text/csv', 'application/json;q=0'].map(accept =>
        unwritten(accept, NONE),
      ),
      unwritten('text/a,'.repeat(4000), NONE),
      unwritten(
        'application/json;as=Table;g=meta.k8s.io;v=v9',
        `only the following media types are accepted: ${READ}`,
      ),
      {
        what: 'a patch of no known type',
        asked: jsonBody('PATCH', `${configMaps}/there`, '{}'),
        code: 415,
        reason: 'UnsupportedMediaType',
        message: '415: Unsupported Media Type',
      },
    ])
  })

  test('names that are none', async () => {
    const RULE =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    const names = ['A', 'a_b', '-a', 'a-', 'a/b', '..', '.', 'a%b', 'ü', 'a b', '__proto__', 'a\0b']
    const refused = (name: string, why: string): Case => ({
      what: JSON.stringify(name),
      asked: jsonBody('POST', configMaps, { metadata: { name } }),
      code: 422,
      reason: 'Invalid',
      message: `ConfigMap "${name}" is invalid: metadata.name: ${why}`,
    })
    await tryCases(target, [
      // As Go quotes: as JSON, but for what nobody could see.
      ...names.map(name =>
        refused(name, `Invalid value: ${JSON.stringify(name).replace('\\u00', '\\x')}: ${RULE}`),
      ),
      refused(
        'a'.repeat(254),
        `Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
      ),
      refused('', 'Required value: name or generateName is required'),
      {
        what: 'a namespace other than the path says',
        asked: jsonBody('POST', configMaps, { metadata: { name: 'x', namespace: 'y' } }),
        code: 400,
        reason: 'BadRequest',
        message:
          'the namespace of the provided object does not match the namespace sent on the request',
      },
      {
        what: 'a name other than the path says',
        asked: jsonBody('PUT', `${configMaps}/there`, { metadata: { name: 'here' } }),
        code: 400,
        reason: 'BadRequest',
        message: 'the name of the object (here) does not match the name on the URL (there)',
      },
      {
        what: 'a namespace that is none',
        asked: jsonBody('POST', '/api/v1/namespaces/nowhere/configmaps', {
          metadata: { name: 'x' },
        }),
        code: 404,
        reason: 'NotFound',
        message: 'namespaces "nowhere" not found',
      },
    ])
  })

  test('options of lists, watches and writes', async () => {
    const bad = (query: string, message: string, code = 400, reason = 'BadRequest'): Case => ({
      what: query.slice(0, 80),
      asked: { path: `${configMaps}?${query}` },
      code,
      reason,
      message,
    })
    const invalid = (query: string, message: string) =>
      bad(query, `ListOptions.meta.k8s.io "" is invalid: ${message}`, 422, 'Invalid')
    const write = (query: string, message: string): Case => ({
      what: query.slice(0, 80),
      asked: jsonBody('POST', `${configMaps}?${query}`, { metadata: { name: 'x' } }),
      code: 422,
      reason: 'Invalid',
      message: `CreateOptions.meta.k8s.io "" is invalid: ${message}`,
    })
    const notANumber = (text: string) =>
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`
    await tryCases(target, [
      bad('limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'),
      bad(
        `limit=${'9'.repeat(20)}`,
        `strconv.ParseInt: parsing "${'9'.repeat(20)}": value out of range`,
      ),
      bad('timeoutSeconds=1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'),
      bad('watch=1&timeoutSeconds=x', 'strconv.ParseInt: parsing "x": invalid syntax'),
      bad('resourceVersion=-1', `invalid resource version: ${notANumber('-1')}`),
      bad('resourceVersion=abc', `invalid resource version: ${notANumber('abc')}`),
      bad('resourceVersion=1e3', `invalid resource version: ${notANumber('1e3')}`),
      invalid(
        'resourceVersionMatch=Exact',
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ),
      invalid(
        'resourceVersion=0&resourceVersionMatch=Exact',
        'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ),
      invalid(
        'resourceVersion=5&resourceVersionMatch=Foo',
        'resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
      ),
      invalid(
        'sendInitialEvents=true',
        'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
      ),
      invalid(
        'watch=1&sendInitialEvents=true',
        'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
      invalid(
        'watch=1&resourceVersionMatch=Exact',
        '[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
      ),
      bad('labelSelector=a=b=c', "found '=', expected: ',' or 'end of string'"),
      bad('labelSelector=!!', "unable to parse requirement: found '!', expected: identifier"),
      bad(
        'labelSelector=a%20in%20(',
        "unable to parse requirement: found '', expected: ',', ')' or identifier",
      ),
      bad(
        `labelSelector=${'a,'.repeat(12_000)}!`,
        "unable to parse requirement: found '', expected: identifier",
      ),
      bad(
        'fieldSelector=spec.nodeName=x',
        '"spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ),
      bad(
        'watch=1&fieldSelector=__proto__=x',
        '"__proto__" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ),
      bad(
        'fieldSelector=metadata.name',
        "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
      ),
      write('dryRun=Some', 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
      write(
        'fieldValidation=Perhaps',
        'fieldValidation: Unsupported value: "Perhaps": supported values: "", "Ignore", "Strict", "Warn"',
      ),
      write(
        `fieldManager=${'m'.repeat(129)}`,
        'fieldManager: Too long: may not be more than 128 bytes',
      ),
      {
        what: 'a path without end',
        asked: { path: `${configMaps}/${'a'.repeat(40_000)}` },
        code: 400,
        reason: 'BadRequest',
        message: 'the request path is too long',
      },
    ])
  })

  test('revisions that are not there yet end in 504, and say what there is', async () => {
    const started = performance.now()
    const future: Case[] = ['', '/there'].map(name => ({
      what: `future revision${name}`,
      asked: { path: `${configMaps}${name}?resourceVersion=99999999` },
      code: 504,
      reason: 'Timeout',
      message: /^Timeout: Too large resource version: 99999999, current: \d+$/,
    }))
    await Promise.all(future.map(one => tryCases(target, [one])))
    assert.ok(performance.now() - started < 30_000)
  })

  test('continue tokens that are forged, foreign or damaged', async () => {
    await createConfigMap(target, 'second')
    const page = await target.ask({ path: `${configMaps}?limit=1` })
    const token = page.json.metadata.continue as string
    const parts = JSON.parse(Buffer.from(token, 'base64url').toString())
    const forged = (change: object) =>
      Buffer.from(JSON.stringify({ ...parts, ...change })).toString('base64url')
    const refused = (what: string, text: string, why: RegExp | string, of = configMaps): Case => ({
      what,
      asked: { path: `${of}?limit=1&continue=${encodeURIComponent(text)}` },
      code: 400,
      reason: 'BadRequest',
      message: why,
    })
    const notValid = /^invalid continue token: continue key is not valid: /
    await tryCases(target, [
      refused('noise', 'abc', notValid),
      refused('a NUL', '\0', notValid),
      refused('cut off', token.slice(0, -5), notValid),
      refused('no text', '!'.repeat(500), notValid),
      refused('too long', 'a'.repeat(10_000), notValid),
      refused(
        'another version',
        forged({ v: 'meta.k8s.io/v2' }),
        /does not recognize this encoded/,
      ),
      refused('for secrets', token, /another resource/, '/api/v1/namespaces/default/secrets'),
      refused('up and away', forged({ start: '../secrets/\0' }), notValid),
      refused('up from a namespace', forged({ start: 'default/../../secrets/x\0' }), notValid),
      refused('a start that is no text', forged({ start: { a: 1 } }), notValid),
      refused('no revision', forged({ rv: 'x' }), notValid),
      refused('revision 0', forged({ rv: 0 }), notValid),
      refused('a revision beyond all', forged({ rv: 2 ** 60 }), notValid),
      refused('of a prototype', forged({ of: '__proto__' }), notValid),
      {
        what: 'beside a revision',
        asked: { path: `${configMaps}?limit=1&resourceVersion=5&continue=${token}` },
        code: 400,
        reason: 'BadRequest',
        message: 'specifying resource version is not allowed when using continue',
      },
    ])
    const next = await target.ask({ path: `${configMaps}?limit=1&continue=${token}` })
    assert.equal(next.status, 200)
    assert.notEqual(next.json.items[0].metadata.name, page.json.items[0].metadata.name)
  })
})
