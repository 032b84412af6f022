/** A cluster as a library on whatever system this is. The words: the URL of Proa's index, and perhaps a data directory. */
const [index = '', dataDirectory] = process.argv.slice(2)
const { startCluster } = (await import(index)) as typeof import('#index')
const cluster = await startCluster({
  nodes: { kind: 'hollow', count: 2 },
  listen: { port: 0 },
  ...(dataDirectory && { dataDirectory }),
})
const path = '/api/v1/namespaces/default/configmaps'
const ask = (method: 'GET' | 'POST', more: { path: string; body?: Uint8Array }) =>
  cluster.transport.request({ method, headers: { 'content-type': 'application/json' }, ...more })
const found = await ask('GET', { path: `${path}/kept` })
const body = new TextEncoder().encode('{ "metadata": { "name": "kept" } }')
const created = await ask('POST', { path, body })
const { platform } = process
const statuses = [found.status, created.status]
console.log(JSON.stringify({ platform, nodes: cluster.nodeNames, statuses }))
await cluster.stop()
