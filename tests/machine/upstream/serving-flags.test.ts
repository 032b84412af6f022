/** Flags about serving: both API servers answer alike, speak the same TLS, and refuse the same. */
import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Keys, kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, proasRefusal, upstreamsRefusal } from './access/both.ts'

const skip = etcdMissing() || kubeApiServerMissing()

const FLAGS = [
  '--disable-admission-plugins=ServiceAccount',
  '--cors-allowed-origins=//example\\.com$,^http://a:8$',
  '--strict-transport-security-directives=max-age=31536000,includeSubDomains',
  '--http2-max-streams-per-connection=77',
  '--external-hostname=api.example.com',
  '--goaway-chance=0.02',
  '--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  '--service-node-port-range=31000-31010',
  '--api-audiences=here,there',
  '--service-account-max-token-expiration=1h',
  '--default-not-ready-toleration-seconds=7',
  '--default-unreachable-toleration-seconds=8',
]

interface Asked {
  readonly method: string
  readonly path: string
  readonly origin?: string
  readonly body?: object
  readonly isStranger?: boolean
}

const JSON_TYPE = { 'content-type': 'application/json' }
const service = (nodePort: number) => ({
  metadata: { name: `s${nodePort}` },
  spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] },
})
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const PODS = '/api/v1/namespaces/default/pods'
const container = { name: 'main', image: 'x' }

const QUESTIONS: readonly Asked[] = [
  { method: 'OPTIONS', path: '/api/v1/pods', origin: 'https://example.com' },
  { method: 'OPTIONS', path: '/api/v1/pods', origin: 'http://a:8', isStranger: true },
  { method: 'OPTIONS', path: '/version', origin: 'https://evil.com' },
  { method: 'OPTIONS', path: '/version', origin: 'https://example.com.evil.com' },
  { method: 'GET', path: '/version', origin: 'https://example.com' },
  { method: 'GET', path: '/api/v1/secrets', origin: 'https://example.com', isStranger: true },
  { method: 'GET', path: '/api' },
  { method: 'GET', path: '/.well-known/openid-configuration' },
  { method: 'POST', path: '/api/v1/namespaces/default/services', body: service(31_000) },
  { method: 'POST', path: '/api/v1/namespaces/default/services', body: service(30_000) },
  { method: 'POST', path: ACCOUNTS, body: { metadata: { name: 'a' } } },
  { method: 'POST', path: `${ACCOUNTS}/a/token`, body: { spec: { expirationSeconds: 9000 } } },
  {
    method: 'POST',
    path: PODS,
    body: { metadata: { name: 'p' }, spec: { containers: [container] } },
  },
]

/** Headers that each server makes up itself, or that follow from the form of the body. */
const OWN =
  /^(date|audit-id|content-length|content-type|x-kubernetes-pf-.*|connection|keep-alive|transfer-encoding|x-content-type-options)$/

/** What of a body is to be the same. */
function shownOf(text: string): unknown {
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  const body: any = text.startsWith('{') ? JSON.parse(text) : text
  if (body.kind === 'Service') return body.spec.ports
  if (body.kind === 'TokenRequest') return [body.spec.audiences, body.spec.expirationSeconds]
  if (body.kind === 'Pod') return body.spec.tolerations
  if (body.status === 'Failure') return [body.code, body.reason, body.message]
  if (body.versions) return body.serverAddressByClientCIDRs.length
  return body.jwks_uri ? new URL(body.jwks_uri).hostname : typeof body
}

describe('flags about serving', { skip }, () => {
  const both = new Both()
  before(() => both.start(FLAGS))
  after(() => both.stop())

  const credentials = (isStranger = false) => {
    const { certificate, key } = both.keys.pki.client('admin')
    const ca = both.keys.pki.authority
    return isStranger ? { ca } : { ca, cert: certificate, key }
  }

  const ask = (url: string, { method, path, origin, body, isStranger }: Asked) =>
    new Promise<object>((resolve, reject) => {
      const headers = { ...(origin ? { origin } : {}), ...(body ? JSON_TYPE : {}) }
      const options = { method, headers, agent: false, ...credentials(isStranger) } as const
      request(`${url}${path}`, options, answer => {
        let text = ''
        answer.on('data', part => {
          text += part
        })
        answer.on('end', () => {
          const told = Object.entries(answer.headers).filter(([name]) => !OWN.test(name))
          resolve({
            status: answer.statusCode,
            headers: Object.fromEntries(told.sort()),
            shown: shownOf(text),
          })
        })
      })
        .on('error', reject)
        .end(body && JSON.stringify(body))
    })

  test('answers are alike', async () => {
    for (const question of QUESTIONS) {
      const [upstream, proa] = await Promise.all(both.urls.map(url => ask(url, question)))
      assert.deepEqual(
        proa,
        upstream,
        `${question.method} ${question.path} ${question.origin ?? ''}`,
      )
    }
  })

  const spoken = (url: string, options: object) =>
    new Promise<string>(resolve => {
      const { port } = new URL(url)
      const socket = connect({
        port: Number(port),
        host: '127.0.0.1',
        ca: both.keys.pki.authority,
        ...options,
      })
      socket.on('error', () => resolve('refused'))
      socket.on('secureConnect', () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name} ${socket.alpnProtocol}`)
        socket.destroy()
      })
    })

  test('the same TLS is spoken', async () => {
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }
    for (const options of [
      { maxVersion: 'TLSv1.2' },
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      { ...old, maxVersion: 'TLSv1.1' },
      { ALPNProtocols: ['h2'], ciphers: 'TLS_AES_128_GCM_SHA256' },
      { ALPNProtocols: ['http/1.1'], maxVersion: 'TLSv1.2' },
    ]) {
      const [upstream, proa] = await Promise.all(both.urls.map(url => spoken(url, options)))
      assert.equal(proa, upstream, JSON.stringify(options))
    }
  })

  /** How many streams a server allows, and how often it sends a client away in so many requests. */
  async function goneAway(
    url: string,
    requests: number,
  ): Promise<{ streams: number; gone: number }> {
    let gone = 0
    let streams = 0
    for (let asked = 0; asked < requests; ) {
      const session = connectHttp2(url, credentials())
      session.on('error', () => {})
      let isAway = false
      session.on('goaway', () => {
        isAway = true
      })
      while (!isAway && asked < requests) {
        asked++
        await new Promise<void>((resolve, reject) => {
          const stream = session.request({ ':path': '/version' })
          stream.on('error', reject).on('end', resolve).resume()
        })
        streams = session.remoteSettings.maxConcurrentStreams ?? 0
      }
      if (isAway) gone++
      session.destroy()
    }
    return { streams, gone }
  }

  test('connections carry as many streams, and some clients are sent away', async () => {
    // With a chance of 0.02, fewer than 5 or more than 60 of a thousand are less likely than one in a million.
    for (const url of both.urls) {
      const { streams, gone } = await goneAway(url, 1000)
      assert.equal(streams, 77)
      assert.ok(gone >= 5 && gone <= 60, `${url}: ${gone}`)
    }
  })
})

/** Flags that no server takes, and what both say of them, or how both begin. */
const WRONG: readonly (readonly [flags: readonly string[], beginning?: string])[] = [
  [['--tls-cipher-suites=FOO']],
  [['--tls-min-version=VersionTLS9'], 'unknown tls version "VersionTLS9"'],
  [
    ['--cors-allowed-origins=example.com'],
    '--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header',
  ],
  [
    ['--cors-allowed-origins=//(a$'],
    '--cors-allowed-origins has an invalid regular expression: error parsing regexp: missing closing ): `//(a$`',
  ],
  [['--goaway-chance=0.5']],
  [['--request-timeout=-1s']],
  [['--shutdown-watch-termination-grace-period=-1s']],
  [['--strict-transport-security-directives=foo']],
  [['--service-account-max-token-expiration=1m']],
]

describe('wrong flags about serving', { skip: kubeApiServerMissing() }, () => {
  test('are refused alike', async () => {
    const keys = new Keys()
    try {
      for (const [flags, beginning] of WRONG) {
        const upstream = upstreamsRefusal(keys, ['--authorization-mode=RBAC', ...flags])
        const proa = await proasRefusal(keys, flags)
        if (beginning === undefined) assert.equal(proa, upstream)
        else
          for (const text of [upstream, proa]) assert.ok(text?.startsWith(beginning), String(text))
      }
    } finally {
      keys.remove()
    }
  })
})
