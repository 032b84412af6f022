/**
 * Whatever comes over the wire, the process lives on: requests to all kinds of places, with headers and bodies that do not belong together, by
 * clients that go away at any time.
 */

import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { Dice } from './random.ts'

export interface WireServer {
  readonly host: string
  readonly port: number
  /** Of an administrator, so that requests get as far as they can. */
  readonly cert: string
  readonly key: string
}

const TARGETS = [
  '/',
  '/api/v1/pods',
  '/api/v1/namespaces/default/pods',
  '/api/v1/namespaces/default/pods/a',
  '/api/v1/namespaces/default/pods/a/log',
  '/api/v1/namespaces/default/pods/a/log?follow=true',
  '/api/v1/namespaces/default/pods/a/exec?command=sh&stdin=true&stdout=true&tty=true',
  '/api/v1/namespaces/default/pods/a/attach?stdin=true&stdout=true',
  '/api/v1/namespaces/default/pods/a/portforward?ports=80',
  '/api/v1/namespaces/default/pods/a/proxy/x',
  '/api/v1/namespaces/default/services/a/proxy/',
  '/api/v1/nodes/node-0/proxy/metrics',
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/watch/pods',
  '/apis/metrics.k8s.io/v1beta1/nodes',
  '/apis/apps/v1/namespaces/default/deployments/a/scale',
  '/apis/authentication.k8s.io/v1/tokenreviews',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  '/openapi/v2',
  '/openapi/v3/apis/metrics.k8s.io/v1beta1',
  '/metrics',
  '/readyz?verbose',
  '/flagz',
  '*',
  'http://elsewhere.example/api',
]
const QUERIES = [
  '',
  '',
  'watch=true&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  'limit=1&continue=x',
  'fieldSelector=metadata.name%3Da',
  'dryRun=All',
  'timeout=1ms',
]
const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'BREW',
]
const HEADERS = [
  'Accept: application/json;as=Table;v=v1;g=meta.k8s.io',
  'Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'Accept: application/vnd.kubernetes.protobuf',
  'Accept: application/cbor-seq, application/cbor',
  'Accept: application/yaml',
  'Accept: ;;,,q=',
  'Accept-Encoding: gzip',
  'Connection: Upgrade',
  'Connection: Upgrade, x-forwarded-for, Host',
  'Connection: close',
  'Upgrade: websocket',
  'Upgrade: SPDY/3.1',
  'Upgrade: h2c',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  'Sec-WebSocket-Protocol: v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.',
  'Sec-WebSocket-Protocol: ,,',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99',
  'X-Stream-Protocol-Version: v4.channel.k8s.io',
  'X-Stream-Protocol-Version: nonsense',
  'Content-Type: application/json',
  'Content-Type: application/vnd.kubernetes.protobuf',
  'Content-Type: application/apply-patch+yaml',
  'Content-Type: application/cbor',
  'Content-Type: ;',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: 99999999999',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: nonsense',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Impersonate-User: a',
  'Impersonate-Group: \xff',
  'Authorization: Bearer a.b.c',
  'X-Remote-User: a',
  'X-Forwarded-For: 1, ::, x',
  'Traceparent: 00-abcdef0123456789abcdef0123456789-00f067aa0ba902b7-01',
  'Audit-ID: \x80',
  'Origin: http://a.example',
  '__proto__: x',
  'constructor: x',
]
const BODIES = [
  '',
  '{}',
  '{"a":',
  '[]',
  'null',
  '5\r\nhello\r\n0\r\n\r\n',
  'zz\r\n',
  '\x81\x85\x00\x00\x00\x00\x00hell',
  '\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  '\x88\x80\x00\x00\x00\x00',
  '\x80\x03\x00\x01\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'k8s\x00\x0a\x04\x0a\x00\x12\x00',
  '\xd9\xd9\xf7\xa0',
]

/** No client waits for ever. */
const PATIENCE_MS = 5_000

/** Sends so many from a seed, some at a time. Resolves once all their connections are over. */
export async function fuzzWire(server: WireServer, seed: number, count: number): Promise<void> {
  const dice = new Dice(seed)
  const AT_A_TIME = 8
  for (let at = 0; at < count; at += AT_A_TIME)
    await Promise.all(Array.from({ length: AT_A_TIME }, () => one(server, dice)))
}

function one({ host, port, cert, key }: WireServer, dice: Dice): Promise<void> {
  const pieces = Array.from({ length: 1 + dice.below(2) }, () => request(dice))
  const bytes = Buffer.from(pieces.join(''), 'latin1')
  const cut = dice.below(3) === 0 ? dice.below(bytes.length + 1) : bytes.length
  const [waitMs, end] = [dice.below(40), dice.below(3)]
  const raw = connectTcp({ host, port })
  raw.on('error', () => {})
  const socket = connect({ socket: raw, cert, key, rejectUnauthorized: false })
  return new Promise(resolve => {
    socket.on('error', () => {})
    socket.resume()
    const enough = setTimeout(() => socket.destroy(), PATIENCE_MS)
    socket.on('close', () => {
      clearTimeout(enough)
      resolve()
    })
    socket.once('secureConnect', () => {
      socket.write(bytes.subarray(0, cut))
      void leave({ socket, raw }, waitMs, end)
    })
  })
}

/** In one of the ways in which clients go. */
async function leave(
  { socket, raw }: { readonly socket: TLSSocket; readonly raw: Socket },
  waitMs: number,
  how: number,
): Promise<void> {
  await sleep(waitMs)
  if (how === 0) socket.destroy()
  else if (how === 1) {
    raw.resetAndDestroy()
    socket.destroy()
  } else {
    socket.end()
    await sleep(100)
    socket.destroy()
  }
}

function request(dice: Dice): string {
  const query = dice.pick(QUERIES)
  const target = dice.pick(TARGETS)
  const joint = query === '' ? '' : target.includes('?') ? '&' : '?'
  const headers = Array.from({ length: dice.below(9) }, () => dice.pick(HEADERS))
  // Streams are opened by few combinations, which chance would hardly find.
  if (dice.below(3) === 0)
    headers.push('Connection: Upgrade', dice.pick(['Upgrade: websocket', 'Upgrade: SPDY/3.1']))
  if (dice.below(3) === 0)
    headers.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')
  const head = [
    `${dice.pick(METHODS)} ${target}${joint}${query} HTTP/1.1`,
    'Host: x',
    ...new Set(headers),
  ]
  return `${head.join('\r\n')}\r\n\r\n${dice.pick(BODIES)}`
}
