import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import { admin, startTestServer, testRandom } from './testing.ts'

test('in process nobody has copies: gets, lists, watches and informers share one frozen object', async () => {
  const { server, clock } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const name = { name: 'shared', namespace: 'default' }
  await client.create(configMap, { metadata: name, data: { a: '1' } })

  const context = { clock, random: testRandom(), log: silentLog }
  const rooms = [createInformers(client, context), createInformers(client, context)]
  const informers = rooms.map(each => each.for(configMap))
  await Promise.all(informers.map(each => each.synced))
  const listed = async () =>
    (await client.list(configMap, { namespace: 'default' })).items.find(
      each => each.metadata.name === 'shared',
    )
  const views = async () => [
    await client.get(configMap, 'shared', 'default'),
    await listed(),
    ...informers.map(each => each.get('default/shared')),
  ]

  const changed = Promise.all(
    informers.map(
      each => new Promise(resolve => each.subscribe({ changed: (_, old) => old && resolve(old) })),
    ),
  )
  const first = await views()
  assert.equal(first[0]?.data?.a, '1')
  assert.equal(new Set(first).size, 1, 'as listed')

  await client.patch(configMap, name, 'merge', { data: { a: '2' } })
  await changed
  const second = await views()
  assert.equal(second[0]?.data?.a, '2')
  assert.equal(new Set(second).size, 1, 'as watched')
  assert.ok(Object.isFrozen(second[0]) && Object.isFrozen(second[0]?.data))
  for (const each of rooms) each.stop()
  await server.stop()
})
