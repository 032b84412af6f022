import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer } from '../testing.ts'
import { flowSchemas, priorityLevels } from './suggestions.ts'

const ROOT = '/apis/flowcontrol.apiserver.k8s.io/v1'
const SCHEMAS = `${ROOT}/flowschemas`
const LEVELS = `${ROOT}/prioritylevelconfigurations`

type Named = { metadata: { name: string } }
const namesIn = (body: { items: Named[] }) => body.items.map(({ metadata }) => metadata.name)

test('a fresh cluster has the schemas and levels of upstream, as they were written', async () => {
  const { ask } = await startTestServer()
  const schemas = (await ask('GET', SCHEMAS)).body
  assert.deepEqual(namesIn(schemas), [
    'catch-all',
    'exempt',
    'global-default',
    'kube-controller-manager',
    'kube-scheduler',
    'kube-system-service-accounts',
    'probes',
    'service-accounts',
    'system-leader-election',
    'system-node-high',
    'system-nodes',
  ])
  const levels = (await ask('GET', LEVELS)).body
  assert.deepEqual(namesIn(levels), [
    'catch-all',
    'exempt',
    'global-default',
    'leader-election',
    'node-high',
    'system',
    'workload-high',
    'workload-low',
  ])
  const wanted = [...flowSchemas(), ...priorityLevels()]
  for (const { metadata, kind, spec } of wanted) {
    const { items } = kind === 'FlowSchema' ? schemas : levels
    const stored = items.find((item: Named) => item.metadata.name === metadata.name)
    assert.deepEqual(stored.spec, spec)
    assert.equal(stored.metadata.generation, 1)
  }
})

test('every schema leads to a level that there is', () => {
  const levels = new Set(priorityLevels().map(({ metadata }) => metadata.name))
  for (const { spec } of flowSchemas()) assert.ok(levels.has(spec.priorityLevelConfiguration.name))
})

test('a later start repairs what nobody took over, and leaves the rest alone', async () => {
  const store = createMemoryStore()
  const first = await startTestServer({ store })
  const change = async (path: string, autoUpdate: string) =>
    first.ask(
      'PATCH',
      path,
      {
        metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': autoUpdate } },
        spec: { matchingPrecedence: 7 },
      },
      { headers: { 'content-type': 'application/merge-patch+json' } },
    )
  assert.equal((await change(`${SCHEMAS}/probes`, 'false')).status, 200)
  assert.equal((await change(`${SCHEMAS}/system-nodes`, 'true')).status, 200)
  assert.equal((await first.ask('DELETE', `${LEVELS}/system`)).status, 200)
  const second = await startTestServer({ store })
  const precedence = async (name: string) =>
    (await second.ask('GET', `${SCHEMAS}/${name}`)).body.spec.matchingPrecedence
  assert.equal(await precedence('probes'), 7)
  assert.equal(await precedence('system-nodes'), 500)
  assert.equal((await second.ask('GET', `${LEVELS}/system`)).status, 200)
})

test('nobody changes what is exempt', async () => {
  const { ask } = await startTestServer()
  const { status, body } = await ask(
    'PATCH',
    `${SCHEMAS}/exempt`,
    { spec: { rules: [] } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(status, 422)
  assert.match(body.message, /spec of 'exempt' must equal the fixed value$/)
})
