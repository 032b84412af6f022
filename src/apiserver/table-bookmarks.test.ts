/** Watches as tables with bookmarks, whose objects have a revision and nothing else: what k9s, Lens and our own dashboard ask for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, startTestServer } from './testing.ts'

test('a bookmark in a watch as a table is an event like others, and not the end of the process', async () => {
  const { server, ask, clock } = await startTestServer()
  const paths = [
    '/api/v1/namespaces',
    '/api/v1/pods',
    '/api/v1/nodes',
    '/api/v1/services',
    '/api/v1/persistentvolumeclaims',
    '/apis/apps/v1/deployments',
    '/apis/batch/v1/jobs',
  ]
  const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  const told = new Map<string, string[]>()
  for (const path of paths) {
    const { body: list } = await ask('GET', path)
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}`
    const asked = { method: 'GET', path: `${path}?${query}`, headers: { accept } } as const
    const { body } = await server.handle(asked, { user: admin })
    assert.equal(body.kind, 'stream')
    if (body.kind !== 'stream') continue
    const lines: string[] = []
    told.set(path, lines)
    body.stream.subscribe({
      next: chunk => void lines.push(Buffer.from(chunk).toString()),
      end: () => {},
    })
  }
  // Watches begin after a turn of the loop.
  await new Promise(resolve => setTimeout(resolve, 50))
  clock.advance(61_000)
  for (const [path, lines] of told) {
    const events = lines.map(line => JSON.parse(line))
    const bookmark = events.find(({ type }) => type === 'BOOKMARK')
    assert.ok(bookmark, path)
    const [row] = bookmark.object.rows
    assert.match(row.object.metadata.resourceVersion, /^\d+$/)
    assert.equal(row.cells.length, bookmark.object.columnDefinitions.length)
  }
  // As upstream shows an object of which nothing is known.
  const [namespaces = []] = told.values()
  const [row] = JSON.parse(namespaces.find(line => line.includes('BOOKMARK')) ?? '').object.rows
  assert.deepEqual(row.cells, ['', '', '<unknown>'])
  await server.stop()
})
