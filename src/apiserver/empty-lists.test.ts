/** Who owns lists that are empty where JSON shows one in any case; what a kube-apiserver v1.36 answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiRequest, Method } from '#client/transport.ts'
import { startTestServer } from './testing.ts'

const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles'
const patchOf = (type: string): Partial<ApiRequest> => ({
  headers: { 'content-type': `application/${type}` },
})

interface Entry {
  readonly manager: string
  readonly fieldsV1: object
}
const ownerOfRules = ({ metadata }: { metadata: { managedFields?: readonly Entry[] } }) =>
  metadata.managedFields?.find(({ fieldsV1 }) => 'f:rules' in fieldsV1)?.manager

test('who says that a list is empty owns it, also where it was empty; who says nothing does not', async () => {
  const { ask, server } = await startTestServer()
  const write = async (method: Method, manager: string, body: object, type = 'json') => {
    const path = method === 'POST' ? ROLES : `${ROLES}/web`
    const answer = await ask(method, `${path}?fieldManager=${manager}`, body, patchOf(type))
    assert.ok(answer.status < 300, `${manager}: ${answer.text}`)
    return answer.body
  }
  const metadata = { name: 'web' }
  const labelled = { metadata: { ...metadata, labels: { a: 'b' } } }
  const replace = { op: 'replace', path: '/rules', value: [] }
  const label = { op: 'add', path: '/metadata/labels', value: { c: 'd' } }
  const steps: readonly (readonly [Method, string, object, string, string])[] = [
    ['POST', 'maker', { metadata, rules: [] }, 'json', 'maker'],
    ['PUT', 'silent', labelled, 'json', 'maker'],
    ['PUT', 'null', { metadata, rules: null }, 'json', 'maker'],
    ['PUT', 'put', { metadata, rules: [] }, 'json', 'put'],
    ['PATCH', 'merge-silent', labelled, 'merge-patch+json', 'put'],
    ['PATCH', 'merge', { rules: [] }, 'merge-patch+json', 'merge'],
    ['PATCH', 'strategic-silent', { metadata }, 'strategic-merge-patch+json', 'merge'],
    ['PATCH', 'strategic', { rules: [] }, 'strategic-merge-patch+json', 'strategic'],
    ['PATCH', 'json-silent', [label], 'json-patch+json', 'strategic'],
    ['PATCH', 'json', [replace], 'json-patch+json', 'json'],
  ]
  for (const [method, manager, body, type, owner] of steps)
    assert.equal(ownerOfRules(await write(method, manager, body, type)), owner, manager)
  await server.stop()
})

test('a list that nobody said is nobody’s, and a name that is made takes nothing from what was said', async () => {
  const { ask, server } = await startTestServer()
  const made = async (metadata: object, more: object) =>
    (await ask('POST', `${ROLES}?fieldManager=one`, { metadata, ...more })).body
  assert.equal((await made({ name: 'silent' }, {})).metadata.managedFields, undefined)
  assert.equal((await made({ name: 'null' }, { rules: null })).metadata.managedFields, undefined)
  assert.equal(ownerOfRules(await made({ generateName: 'web-' }, { rules: [] })), 'one')
  assert.equal(ownerOfRules(await made({ generateName: 'web-' }, {})), undefined)
  await server.stop()
})
