import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createNodeConnector, isThisMachine, type NodeConnectorOptions } from './node-connector.ts'

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
const authority = issueAuthority('ca', validity, systemRandom)
const leaf = (name: string, usage: 'server' | 'client') =>
  issueLeaf(
    { subject: { commonName: name }, usages: [usage], names: [name], validity },
    authority,
    systemRandom,
  )

function connector(address: string, port: number, more: Partial<NodeConnectorOptions> = {}) {
  return createNodeConnector({
    local: () => undefined,
    node: async name =>
      ({
        metadata: { name },
        spec: {},
        status: {
          addresses: [{ type: 'InternalIP', address }],
          daemonEndpoints: { kubeletEndpoint: { Port: port } },
        },
      }) as never,
    certificateAuthority: authority.certificate,
    clientCertificate: () => leaf('api', 'client'),
    ownAddresses: () => ['192.0.2.7'],
    clock: systemClock,
    ...more,
  })
}

/** A kubelet that says of itself to be `name`, and answers every request with a redirect. */
async function redirectingKubelet(name: string) {
  const { certificate, key } = leaf(name, 'server')
  const asked: string[] = []
  const server = createSecureServer(
    { cert: certificate, key, allowHTTP1: true },
    (request, response) => {
      asked.push(request.url)
      response.writeHead(307, { location: 'https://elsewhere.example/steal' })
      response.end()
    },
  )
  server.on('upgrade', (request, socket) => {
    asked.push(request.url)
    socket.end(
      'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve))
    },
  }
}

test('a node that says to be where no node is, is not dialled', async () => {
  for (const address of [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.7',
    '::',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    'localhost',
    'example.com',
    '10.0.0.1@127.0.0.1',
    '',
  ])
    await assert.rejects(
      connector(address, 10250).nodeConnection('n'),
      (error: unknown) => isStatus(error, 'ServiceUnavailable'),
      address,
    )
  for (const address of ['10.0.0.1', '192.0.2.8', '2001:db8::1'])
    assert.equal(isThisMachine(address, ['192.0.2.7']), false, address)
  await assert.rejects(connector('10.0.0.1', 0).nodeConnection('n'), /says no address and port/)
})

test('no redirect is followed or passed on', async () => {
  await using kubelet = await redirectingKubelet('n')
  const nodes = connector('127.0.0.1', kubelet.port, { isOnThisMachine: name => name === 'n' })
  const transport = await nodes.nodeConnection('n')
  await assert.rejects(
    transport.request({ method: 'GET', path: '/containerLogs/a/b/c' }),
    /redirect/,
  )
  await assert.rejects(async () =>
    transport.connect?.({ method: 'POST', path: '/exec/a/b/c?command=x&output=1' }),
  )
  await assert.rejects(async () =>
    transport.connect?.({ method: 'POST', path: '/portForward/a/b?port=80' }),
  )
  assert.equal(kubelet.asked.length, 3)
  await nodes.close()
})

test('whoever answers must have the certificate of that very node', async () => {
  await using kubelet = await redirectingKubelet('other')
  const nodes = connector('127.0.0.1', kubelet.port, { isOnThisMachine: () => true })
  const transport = await nodes.nodeConnection('n')
  await assert.rejects(transport.request({ method: 'GET', path: '/pods' }), /altnames|certificate/i)
  await assert.rejects(async () =>
    transport.connect?.({ method: 'POST', path: '/exec/a/b/c?command=x&output=1' }),
  )
  assert.deepEqual(kubelet.asked, [])
  await nodes.close()
})

test('a connection is kept while the node stays where it is', async () => {
  let port = 10250
  const client = leaf('api', 'client')
  const nodes = connector('', 0, {
    clientCertificate: () => client,
    node: async name =>
      ({
        metadata: { name },
        status: {
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: port } },
        },
      }) as never,
  })
  const first = await nodes.nodeConnection('n')
  assert.equal(await nodes.nodeConnection('n'), first)
  port++
  assert.notEqual(await nodes.nodeConnection('n'), first)
  await nodes.close()
})
