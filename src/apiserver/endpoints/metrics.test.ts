import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer, startWatch } from '../testing.ts'

/** The value of the one series that has this name and these labels. */
function valueIn(text: string, name: string, ...labels: string[]): number | undefined {
  const lines = text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  const found = lines.filter(line => labels.every(label => line.includes(label)))
  assert.ok(found.length <= 1, found.join('\n'))
  return found[0] === undefined ? undefined : Number(found[0].split(' ').at(-1))
}

test('the names that dashboards read are there, and count', async () => {
  const { ask, server } = await startTestServer()
  const watch = await startWatch(server, '/api/v1/configmaps?watch=1')
  const path = '/api/v1/namespaces/default/configmaps'
  await ask('POST', path, { metadata: { name: 'a' } })
  await watch.take(1)
  await ask('GET', `${path}/none`)
  const { text, headers } = await ask('GET', '/metrics')
  assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
  const of = (name: string, ...labels: string[]) => valueIn(text, name, ...labels)
  const configMaps = 'resource="configmaps"'
  assert.equal(of('apiserver_request_total', configMaps, 'verb="CREATE"', 'code="201"'), 1)
  assert.equal(of('apiserver_request_total', configMaps, 'verb="GET"', 'code="404"'), 1)
  assert.equal(of('apiserver_request_duration_seconds_count', configMaps, 'verb="CREATE"'), 1)
  assert.equal(of('apiserver_storage_objects', configMaps), 1)
  assert.equal(of('apiserver_watch_events_total', configMaps), 1)
  assert.equal(of('apiserver_longrunning_requests', configMaps), 1)
  // Administrators hold no place.
  assert.equal(of('apiserver_current_inflight_requests', 'readOnly'), 0)
  watch.cancel()
})

test('what anybody can ask makes no new series', async () => {
  const { ask } = await startTestServer()
  const lines = async () => (await ask('GET', '/metrics')).text.split('\n').length
  await ask('GET', '/apis/nobody0/v1/things0')
  await ask('GET', '/nobody0')
  const before = await lines()
  for (let count = 1; count < 200; count++) {
    await ask('GET', `/apis/nobody${count}/v1/things${count}`)
    await ask('GET', `/nobody${count}`)
    await ask('GET', `/api/v1/namespaces/n${count}/pods/p/thing${count}`)
  }
  // One more for pods, which were not asked for before: its codes and its histogram.
  assert.ok((await lines()) - before < 30)
})

test('roles in the process show their counts, too', async () => {
  const { ask, server } = await startTestServer()
  let value = 1
  server.show(() => [
    {
      name: 'workqueue_depth',
      help: 'Keys that wait.',
      type: 'gauge',
      values: [{ labels: { name: 'a"b' }, value: value++ }],
    },
  ])
  assert.match((await ask('GET', '/metrics')).text, /^workqueue_depth\{name="a\\"b"\} 1$/m)
  assert.match((await ask('GET', '/metrics')).text, /^workqueue_depth\{name="a\\"b"\} 2$/m)
})
