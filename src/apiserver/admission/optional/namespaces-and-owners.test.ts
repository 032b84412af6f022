import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { OwnerReference } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Attributes, Authorizer } from '../../authorization/authorizer.ts'
import { startTestServer } from '../../testing.ts'
import { admit, podNamed, testWorld } from '../testing.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission.ts'
import { covers, podTolerationRestriction, type Toleration } from './pod-toleration-restriction.ts'

const refusal = (text: RegExp) => (error: unknown) => isStatus(error) && text.test(error.message)

test('NamespaceAutoProvision makes the namespace of what is made, and of nothing else', async () => {
  const { ask } = await startTestServer({
    enabledAdmission: new Set(['NamespaceAutoProvision']),
  })
  const at = (namespace: string, query = '') => `/api/v1/namespaces/${namespace}/configmaps${query}`
  const made = await ask('POST', at('fresh'), { metadata: { name: 'a' } })
  assert.equal(made.status, 201, made.text)
  assert.equal((await ask('GET', '/api/v1/namespaces/fresh')).status, 200)
  assert.equal(
    (await ask('POST', at('tried', '?dryRun=All'), { metadata: { name: 'a' } })).status,
    404,
  )
  assert.equal((await ask('GET', '/api/v1/namespaces/tried')).status, 404)
  assert.equal((await ask('DELETE', `${at('gone')}/a`)).status, 404)
  assert.equal((await ask('GET', '/api/v1/namespaces/gone')).status, 404)
})

/** Allows what one of these texts says: `delete pods/web`, `update replicasets/finalizers/rs`. */
function allowing(...texts: string[]): { authorizer: Authorizer; asked: string[] } {
  const asked: string[] = []
  const authorize = ({ verb, resource, subresource, name, namespace }: Attributes) => {
    const path = [resource, subresource, name].filter(part => part !== '').join('/')
    const text = `${verb} ${path}`
    asked.push(`${text} in ${namespace}`)
    return texts.includes(text)
      ? ({ verdict: 'allow', reason: '' } as const)
      : ({ verdict: 'noOpinion', reason: 'nobody knows' } as const)
  }
  return { asked, authorizer: { authorize, rulesFor: () => assert.fail() } }
}

const owner = (change: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: 'rs',
  uid: 'u',
  ...change,
})
const owned = (...ownerReferences: OwnerReference[]) => ({
  ...podNamed('web'),
  metadata: { name: 'web', namespace: 'shop', ownerReferences },
})
const resourceOf = (apiVersion: string, kind: string) =>
  kind === 'ReplicaSet'
    ? { group: 'apps', version: 'v1', resource: 'replicasets', isNamespaced: true }
    : apiVersion === 'v1' && kind === 'Node'
      ? { group: '', version: 'v1', resource: 'nodes', isNamespaced: false }
      : undefined

test('OwnerReferencesPermissionEnforcement asks for the right to delete, and to finish an owner that is kept', async () => {
  const none = allowing()
  const step = (with_: ReturnType<typeof allowing>) =>
    ownerReferencesPermissionEnforcement({ ...with_, resourceOf })
  await admit(step(none), { object: podNamed('web') })
  assert.deepEqual(none.asked, [], 'a pod without owners is nobody’s business')
  await admit(step(none), { object: owned(owner()) })
  const more = { operation: 'UPDATE', oldObject: podNamed('web'), object: owned(owner()) } as const
  await assert.rejects(
    admit(step(none), more),
    refusal(
      /^pods "web" is forbidden: cannot set an ownerRef on a resource you can't delete: nobody knows, <nil>$/,
    ),
  )
  const deleting = allowing('delete pods/web')
  await admit(step(deleting), more)
  const kept = owned(owner({ blockOwnerDeletion: true }))
  await assert.rejects(
    admit(step(deleting), { object: kept }),
    refusal(
      /cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: /,
    ),
  )
  const whole = allowing(
    'delete pods/web',
    'update replicasets/finalizers/rs',
    'update nodes/finalizers/n',
  )
  await admit(step(whole), { object: kept })
  const ofNode = owner({ apiVersion: 'v1', kind: 'Node', name: 'n', blockOwnerDeletion: true })
  await admit(step(whole), { object: owned(ofNode) })
  assert.ok(whole.asked.includes('update replicasets/finalizers/rs in shop'))
  assert.ok(whole.asked.includes('update nodes/finalizers/n in '))
  await assert.rejects(
    admit(step(whole), { object: owned(owner({ kind: 'Odd', blockOwnerDeletion: true })) }),
    refusal(/cannot find RESTMapping for APIVersion apps\/v1 Kind Odd/),
  )
  const update = { operation: 'UPDATE', oldObject: kept } as const
  await admit(step(none), { ...update, object: kept })
  await admit(step(deleting), { ...update, object: owned(owner()) })
  await admit(step(none), { ...update, resource: 'pods/status', object: owned() })
})

const namespaceOf = (annotations: Record<string, string> = {}) =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations } }) as Namespace
const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const tolerating = (key: string, change: Partial<Toleration> = {}): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoSchedule',
  ...change,
})

function restricting(namespace: Namespace, rules = {}) {
  const of = testWorld()
  of.namespaces.set('shop', namespace)
  return podTolerationRestriction({
    ...of,
    pluginConfiguration: { podTolerationRestriction: rules },
  })
}

test('PodTolerationRestriction adds what the namespace, or the file, says', async () => {
  const rules = { default: [tolerating('file')] }
  const keysOf = async (step: ReturnType<typeof restricting>, spec = {}) =>
    (await admit(step, { object: podNamed('web', spec) })).spec.tolerations?.map(({ key }) => key)
  assert.deepEqual(await keysOf(restricting(namespaceOf(), rules)), ['file'])
  const own = namespaceOf({ [DEFAULTS]: JSON.stringify([tolerating('own')]) })
  assert.deepEqual(await keysOf(restricting(own, rules)), ['own'])
  assert.equal(await keysOf(restricting(namespaceOf({ [DEFAULTS]: '' }), rules)), undefined)
  const asking = { containers: [{ name: 'm', image: 'x', resources: { requests: { cpu: '1' } } }] }
  assert.deepEqual(await keysOf(restricting(namespaceOf()), asking), [
    'node.kubernetes.io/memory-pressure',
  ])
  const said = { tolerations: [{ operator: 'Exists' as const }] }
  assert.deepEqual(
    await keysOf(restricting(own), said),
    [undefined],
    'it tolerates all that already',
  )
})

test('PodTolerationRestriction refuses what is not on the list', async () => {
  const rules = { whitelist: [tolerating('a')] }
  const step = restricting(namespaceOf(), rules)
  await admit(step, { object: podNamed('web', { tolerations: [tolerating('a')] }) })
  const wrong = { object: podNamed('web', { tolerations: [tolerating('b')] }) }
  await assert.rejects(admit(step, wrong), /conflict with its cluster whitelist/)
  const own = namespaceOf({ [WHITELIST]: JSON.stringify([tolerating('b')]) })
  await admit(restricting(own, rules), wrong)
  await assert.rejects(
    admit(restricting(namespaceOf({ [WHITELIST]: '{' })), wrong),
    /unexpected end of JSON input/,
  )
})

test('one toleration covers another', () => {
  const timed = (tolerationSeconds?: number) =>
    tolerating('a', {
      effect: 'NoExecute',
      ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
    })
  const cases: [Toleration, Toleration, boolean][] = [
    [{ operator: 'Exists' }, tolerating('a'), true],
    [tolerating('a'), { operator: 'Exists' }, false],
    [tolerating('a'), tolerating('a', { effect: 'NoExecute' }), false],
    [timed(10), timed(5), true],
    [timed(10), timed(20), false],
    [timed(10), timed(), false],
    [timed(), timed(20), true],
    [{ key: 'a', value: 'x' }, { key: 'a', operator: 'Equal', value: 'x' }, true],
    [{ key: 'a', value: 'x' }, { key: 'a', value: 'y' }, false],
    [{ key: 'a', value: 'x' }, { key: 'a', operator: 'Exists' }, false],
  ]
  for (const [wide, narrow, expected] of cases)
    assert.equal(covers(wide, narrow), expected, JSON.stringify([wide, narrow]))
})
