/**
 * The limit of `npm run bench -- api`: a plain Node HTTP/2 server over TLS that sends the very bytes that Proa sent, without a
 * thought. Every request is answered from a file; a write reaches all watches as one event, its time put in.
 */
import { readFileSync } from 'node:fs'
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { join } from 'node:path'

const [directory = '', port = ''] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(directory, name))
const one = read('one.json')
const many = read('list.json')
const status = Buffer.from('{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}')
const json = { 'content-type': 'application/json' }
const watches = new Set<ServerHttp2Stream>()
const event = `{"type":"MODIFIED","object":${one.toString().replace('"payload"', '"sent":"@@","payload"')}}\n`

const server = createSecureServer({
  key: read('apiserver.key'),
  cert: read('apiserver.crt'),
  requestCert: true,
  rejectUnauthorized: false,
  settings: { initialWindowSize: 256 * 1024, maxConcurrentStreams: 250 },
})
server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on('error', () => {})
  const path = String(headers[':path'])
  if (path.includes('watch=1')) {
    stream.respond({ ':status': 200, ...json })
    watches.add(stream)
    stream.on('close', () => watches.delete(stream))
  } else if (headers[':method'] === 'GET') answer(stream, path.includes('limit=') ? many : one)
  else
    receive(stream, body => {
      answer(stream, headers[':method'] === 'DELETE' ? status : one)
      const sent = /@\d+@/.exec(body)?.[0]
      if (sent === undefined) return
      const bytes = Buffer.from(event.replace('@@', sent))
      for (const watch of watches) watch.write(bytes)
    })
})

function answer(stream: ServerHttp2Stream, bytes: Buffer): void {
  stream.respond({ ':status': 200, ...json, 'content-length': bytes.length })
  stream.end(bytes)
}

function receive(stream: ServerHttp2Stream, done: (body: string) => void): void {
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('end', () => done(Buffer.concat(parts).toString()))
}

server.listen(Number(port), '127.0.0.1')
