import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deniedText, reviewOf, rightKey, verdictIn } from './access.ts'
import { decodeMessage, encodeMessage, endText, sizeMessage } from './exec-channels.ts'
import type { AnyObject } from './health.ts'
import { findResources, isCustom, menuOf, titleOf } from './menu.ts'
import { ownedBy, ownedCandidates, selectorText } from './owned.ts'
import { apiPath, apiVersionOf, resourceOfKind, resourcesIn, withQuery } from './resource.ts'
import { HIDDEN, secretValue, withHiddenValues } from './secrets.ts'
import { bytesOfKey } from './terminal-keys.ts'

const served = (resource: string, kind: string, more = {}) => ({
  resource,
  responseKind: { kind },
  scope: 'Namespaced',
  verbs: ['list', 'watch'],
  ...more,
})
const resources = resourcesIn([
  {
    items: [
      {
        versions: [
          {
            version: 'v1',
            resources: [
              served('pods', 'Pod', { shortNames: ['po'], subresources: [{ subresource: 'log' }] }),
              served('nodes', 'Node', { scope: 'Cluster' }),
              served('bindings', 'Binding', { verbs: ['create'] }),
            ],
          },
        ],
      },
    ],
  },
  {
    items: [
      {
        metadata: { name: 'autoscaling' },
        versions: [
          {
            version: 'v2',
            resources: [served('horizontalpodautoscalers', 'HorizontalPodAutoscaler')],
          },
          {
            version: 'v1',
            resources: [served('horizontalpodautoscalers', 'HorizontalPodAutoscaler')],
          },
        ],
      },
      {
        metadata: { name: 'networking.k8s.io' },
        versions: [
          {
            version: 'v1',
            resources: [served('networkpolicies', 'NetworkPolicy'), served('ingresses', 'Ingress')],
          },
        ],
      },
      {
        metadata: { name: 'shop.example.com' },
        versions: [{ version: 'v1', resources: [served('podbackups', 'PodBackup')] }],
      },
    ],
  },
])
const keyed = (plural: string) =>
  resources.find(each => each.plural === plural) ?? assert.fail(plural)

test('each resource once, in the version that is preferred', () => {
  assert.equal(resources.length, 7)
  assert.equal(apiVersionOf(keyed('horizontalpodautoscalers')), 'autoscaling/v2')
  assert.deepEqual(keyed('pods').subresources, ['log'])
  assert.equal(resourceOfKind(resources, 'networking.k8s.io/v1', 'Ingress')?.plural, 'ingresses')
  assert.equal(resourceOfKind(resources, 'v1', 'Ingress'), undefined)
})

test('paths, whatever names hold', () => {
  assert.equal(
    apiPath(keyed('pods'), { namespace: 'a', name: 'x/../y', subresource: 'log' }),
    '/api/v1/namespaces/a/pods/x%2F..%2Fy/log',
  )
  assert.equal(apiPath(keyed('nodes'), { namespace: 'ignored', name: 'n' }), '/api/v1/nodes/n')
  assert.equal(apiPath(keyed('ingresses')), '/apis/networking.k8s.io/v1/ingresses')
  assert.equal(withQuery('/a', { x: 'b&c', y: '', z: undefined, w: false, v: 0 }), '/a?x=b%26c&v=0')
})

test('the menu names what is served, and custom resources behind it', () => {
  assert.deepEqual(
    menuOf(resources).map(({ title, resources: each }) => `${title}: ${each.map(titleOf)}`),
    [
      'Workloads: Pods',
      'Network: Ingresses,NetworkPolicies',
      'Configuration: HorizontalPodAutoscalers',
      'Cluster: Nodes',
      'Custom resources: PodBackups',
    ],
  )
  assert.equal(isCustom(keyed('podbackups')), true)
})

test('a kind is found by a few letters, the nearest first', () => {
  assert.deepEqual(
    findResources(resources, 'po').map(({ plural }) => plural),
    ['pods', 'podbackups', 'horizontalpodautoscalers', 'networkpolicies'],
  )
  assert.deepEqual(
    findResources(resources, 'example.com').map(({ plural }) => plural),
    ['podbackups'],
  )
  assert.deepEqual(findResources(resources, 'binding'), [])
})

test('what an object owns', () => {
  const owner = {
    metadata: { name: 'a', uid: 'u' },
    spec: { selector: { matchLabels: { a: 'b', c: 'd' } } },
  } as unknown as AnyObject
  const mine = { metadata: { name: 'm', ownerReferences: [{ uid: 'u' }] } } as AnyObject
  const other = { metadata: { name: 'o', ownerReferences: [{ uid: 'v' }] } } as AnyObject
  assert.deepEqual(ownedBy(owner, [mine, other]), [mine])
  assert.equal(selectorText(owner), 'a=b,c=d')
  assert.equal(
    selectorText({ metadata: {}, spec: { selector: 'odd' } } as unknown as AnyObject),
    '',
  )
  assert.deepEqual(ownedCandidates('cronjobs.batch'), ['jobs.batch'])
  assert.deepEqual(ownedCandidates('secrets'), [])
  assert.ok(ownedCandidates('podbackups.shop.example.com').includes('deployments.apps'))
})

test('rights as they are asked for and told', () => {
  const right = {
    verb: 'patch',
    group: 'apps',
    resource: 'deployments',
    subresource: 'scale',
    namespace: 'shop',
  }
  assert.equal(rightKey(right), 'patch|apps|deployments|scale|shop|')
  assert.deepEqual(reviewOf(right).spec.resourceAttributes, right)
  assert.equal(deniedText(right), 'You may not patch deployments.apps/scale in namespace shop')
  assert.equal(verdictIn({ status: { allowed: true } }, right).isAllowed, true)
  assert.match(
    verdictIn({ status: { allowed: false, reason: 'no role' } }, right).reason,
    /: no role\.$/,
  )
  assert.equal(verdictIn({}, right).isAllowed, false)
})

test('the values of a Secret are hidden, what kubectl keeps of them too', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    data: { password: 'aHVudGVyMg==' },
    metadata: {
      name: 's',
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{"password":"aHVudGVyMg=="}',
        a: 'b',
      },
    },
  } as unknown as AnyObject
  const text = JSON.stringify(withHiddenValues(secret))
  assert.doesNotMatch(text, /aHVudGVyMg/)
  assert.ok(text.includes(HIDDEN) && text.includes('"a":"b"') && text.includes('password'))
  assert.deepEqual(secretValue('aHVudGVyMg=='), { text: 'hunter2', isBinary: false })
  assert.equal(secretValue('/w==').isBinary, true)
  assert.equal(secretValue('not base64!').isBinary, true)
  const map = { ...secret, kind: 'ConfigMap' } as AnyObject
  assert.equal(withHiddenValues(map), map)
})

test('messages of a terminal', () => {
  const message = encodeMessage(1, new TextEncoder().encode('hi'))
  assert.deepEqual(decodeMessage(message), { channel: 1, bytes: new TextEncoder().encode('hi') })
  assert.equal(decodeMessage(new Uint8Array([1])), undefined)
  assert.equal(decodeMessage(new Uint8Array([255, 1])), undefined)
  assert.equal(
    new TextDecoder().decode(sizeMessage(80, 24).subarray(1)),
    '{"Width":80,"Height":24}\n',
  )
  assert.equal(endText({ status: 'Success' }), '')
  assert.equal(
    endText({
      status: 'Failure',
      message: 'm',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    }),
    'exit code 3',
  )
  assert.equal(endText({ status: 'Failure', message: 'm' }), 'm')
})

test('keys', () => {
  const press = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    shiftKey: false,
    ...more,
  })
  assert.equal(bytesOfKey(press('Enter'), false), '\r')
  assert.equal(bytesOfKey(press('ArrowUp'), false), '\x1b[A')
  assert.equal(bytesOfKey(press('ArrowUp'), true), '\x1bOA')
  assert.equal(bytesOfKey(press('ArrowLeft', { ctrlKey: true }), true), '\x1b[1;5D')
  assert.equal(bytesOfKey(press('c', { ctrlKey: true }), false), '\x03')
  assert.equal(bytesOfKey(press('b', { altKey: true }), false), '\x1bb')
  assert.equal(bytesOfKey(press('C', { ctrlKey: true, shiftKey: true }), false), undefined)
  assert.equal(bytesOfKey(press('a'), false), undefined)
  assert.equal(bytesOfKey(press('v', { metaKey: true }), false), undefined)
})
