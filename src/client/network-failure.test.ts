import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { networkFailure } from './network-failure.ts'

/** Why this server could not be asked. */
async function failure(
  scheme: 'http' | 'https',
  server: ReturnType<typeof createServer>,
): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = scheme === 'http' ? requestHttp : requestHttps
  const asked = ask({ host: '127.0.0.1', port, rejectUnauthorized: false }).end()
  const [error] = await once(asked, 'error')
  server.close()
  return networkFailure(error, { host: '127.0.0.1', port })
}

const answering = (text: string) =>
  createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text))
  })

test('servers of another protocol are told in Go’s words, not in those of libraries', async () => {
  assert.equal(
    await failure('https', answering('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'http: server gave HTTP response to HTTPS client',
  )
  assert.equal(
    await failure('http', answering('220 mail.example.com\r\n')),
    'net/http: HTTP/1.x transport connection broken: malformed HTTP response',
  )
  assert.equal(await failure('http', answering('HTTP/1.1 200 OK\r\nConte')), 'EOF')
  const withoutCertificate = createTlsServer({}).on('tlsClientError', () => {})
  assert.match(await failure('https', withoutCertificate), /^remote error: tls: handshake failure$/)
})

test('addresses that cannot be reached are named', () => {
  const at = { host: '10.1.2.3', port: 80 }
  const told = (code: string, address?: string) =>
    networkFailure(Object.assign(new Error(code), { code, ...(address ? { address } : {}) }), at)
  assert.equal(told('ECONNREFUSED'), 'dial tcp 10.1.2.3:80: connect: connection refused')
  assert.equal(told('EHOSTUNREACH', 'fd00::1'), 'dial tcp [fd00::1]:80: connect: no route to host')
  assert.equal(told('ENETUNREACH'), 'dial tcp 10.1.2.3:80: connect: network is unreachable')
  assert.equal(told('ETIMEDOUT'), 'dial tcp 10.1.2.3:80: i/o timeout')
  assert.equal(told('EPROTO'), 'tls: handshake failure')
})

test('a certificate of another is told with those it is for', () => {
  const told = (host: string, subjectaltname?: string) =>
    networkFailure(
      Object.assign(new Error(), {
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        host,
        cert: { subjectaltname },
      }),
      { host, port: 443 },
    ).replace('tls: failed to verify certificate: x509: ', '')
  const names = 'DNS:a.example.com, DNS:b.example.com, IP Address:10.1.2.3'
  assert.equal(
    told('c.example.com', names),
    'certificate is valid for a.example.com, b.example.com, not c.example.com',
  )
  assert.equal(told('10.0.0.1', names), 'certificate is valid for 10.1.2.3, not 10.0.0.1')
  assert.equal(
    told('10.0.0.1', 'DNS:a'),
    "cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
  )
  assert.equal(told('a'), 'certificate relies on legacy Common Name field, use SANs instead')
})
