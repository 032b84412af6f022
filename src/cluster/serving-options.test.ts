import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, silentLog } from '#base/log.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { parseCommandLine } from '#cli'
import { systemRandom } from '#host/random.ts'
import { frontProxiesOf, frontProxyOf } from './front-proxy.ts'
import type { Pki } from './pki/pki.ts'
import { servingOptionsOf } from './serving-options.ts'

const validity = { notBefore: 0, notAfter: 4e12 }
const [one, two] = ['one', 'two'].map(name => issueAuthority(name, validity, systemRandom))
const content = new Map([
  ['one.crt', one?.certificate ?? ''],
  ['one.key', one?.key ?? ''],
  ['junk', 'junk'],
])
const files = {
  read: (path: string) => {
    const text = content.get(path)
    return text === undefined ? undefined : Buffer.from(text)
  },
}
let now = 0
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const warned: string[] = []
const log: Log = { ...silentLog, warn: message => void warned.push(message) }
const optionsOf = (...words: string[]) => {
  const invocation = parseCommandLine(['apiserver', ...words])
  assert.ok(invocation?.name === 'apiserver')
  return servingOptionsOf(invocation.values, { files, clock, log })
}
const pki = {
  authority: 'clients',
  frontProxyAuthority: 'proxies',
  client: () => ({ certificate: 'own', key: 'own' }),
} as unknown as Pki

test('nothing said is what kubeadm would say, for an hour of events', () => {
  const { eventTtlMs, frontProxy } = optionsOf()
  assert.equal(eventTtlMs, 3_600_000)
  assert.deepEqual(frontProxiesOf({ pki, frontProxy }), {
    authorities: ['proxies'],
    names: ['front-proxy-client'],
  })
  const { clientCertificate } = frontProxyOf({ pki, clock, frontProxy })
  assert.equal(clientCertificate().certificate, 'own')
})

test('with an authority of its own a server believes what the flags say, and nothing else', () => {
  const only = optionsOf('--requestheader-client-ca-file=one.crt')
  const { authorities, ...rest } = frontProxiesOf({ pki, frontProxy: only.frontProxy })
  assert.ok(typeof authorities === 'function')
  assert.deepEqual(authorities(), [one?.certificate.trim()])
  assert.deepEqual(rest, {
    names: [],
    usernameHeaders: [],
    uidHeaders: [],
    groupHeaders: [],
    extraPrefixes: [],
  })
  const told = optionsOf(
    '--requestheader-client-ca-file=one.crt',
    '--requestheader-allowed-names=edge',
    '--requestheader-username-headers=X-Remote-User',
  )
  const trust = frontProxyOf({ pki, clock, frontProxy: told.frontProxy })
  assert.equal(trust.frontProxyAuthority, one?.certificate.trim())
  assert.deepEqual(trust.frontProxyNames, ['edge'])
  assert.deepEqual(trust.frontProxyHeaders?.usernameHeaders, ['X-Remote-User'])
  assert.deepEqual(trust.frontProxyHeaders?.groupHeaders, [])
})

test('the authority of front proxies is read anew, for this server and for those that it tells', () => {
  const { frontProxy } = optionsOf('--requestheader-client-ca-file=one.crt')
  const { authorities } = frontProxiesOf({ pki, frontProxy })
  const trust = frontProxyOf({ pki, clock, frontProxy })
  assert.ok(typeof authorities === 'function')
  const before = authorities()
  now += 61_000
  assert.equal(authorities(), before, 'the same list while the file says the same')
  content.set('one.crt', 'half')
  now += 61_000
  assert.equal(authorities(), before)
  assert.match(warned.splice(0).join(), /CA of front proxies could not be read anew/)
  content.set('one.crt', two?.certificate ?? '')
  assert.equal(authorities(), before, 'not yet')
  now += 61_000
  assert.deepEqual(authorities(), [two?.certificate.trim()])
  assert.equal(trust.frontProxyAuthority, two?.certificate.trim())
  assert.equal(trust.lookAgainMs, 60_000)
  content.set('one.crt', one?.certificate ?? '')
})

test('lists that are given again add up', () => {
  const words = ['--requestheader-username-headers=X-Remote-User,X-Who']
  const { frontProxy } = optionsOf(...words, '--requestheader-username-headers', 'X-Third')
  assert.deepEqual(frontProxy?.headers?.usernameHeaders, ['X-Remote-User', 'X-Who', 'X-Third'])
  const invocation = parseCommandLine([
    'controller-manager',
    '--controllers=job',
    '--controllers=-cronjob',
    '--authorization-always-allow-paths=/metrics',
  ])
  assert.ok(invocation?.name === 'controller-manager')
  assert.equal(invocation.values.controllers, 'job,-cronjob')
  assert.deepEqual(invocation.values.authorizationAlwaysAllowPaths, ['/metrics'])
})

test('headers that aggregation needs are asked for, and those that are none refused, in words of upstream', () => {
  optionsOf(
    '--requestheader-username-headers=X-Who',
    '--requestheader-group-headers=X-Team',
    '--requestheader-extra-headers-prefix=X-About-',
  )
  assert.deepEqual(
    warned.splice(0).map(text => /^--(\S+) .*standard (\S+) /.exec(text)?.slice(1)),
    [
      ['requestheader-username-headers', 'X-Remote-User'],
      ['requestheader-group-headers', 'X-Remote-Group'],
      ['requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
    ],
  )
  const start = (word: string) => () => optionsOf(word)
  assert.throws(
    start('--requestheader-uid-headers=X-Id'),
    /^UserError: --requestheader-uid-headers is set without/,
  )
  for (const flag of ['requestheader-username-headers', 'requestheader-allowed-names'])
    assert.throws(start(`--${flag}=a, `), { message: `empty value in "${flag}"` })
  assert.throws(start('--requestheader-client-ca-file=gone'), /there is no file gone/)
  assert.throws(start('--requestheader-client-ca-file=junk'), /there is no certificate/)
})

test('the certificate for APIServices is read anew, and kept where that fails', () => {
  const pair = ['--proxy-client-cert-file=one.crt', '--proxy-client-key-file=one.key']
  const certificate = optionsOf(...pair).frontProxy?.clientCertificate
  assert.equal(certificate?.().certificate, one?.certificate)
  content.set('one.crt', two?.certificate ?? '')
  now += 61_000
  assert.equal(certificate?.().certificate, one?.certificate, 'half replaced')
  assert.match(warned.splice(0).join(), /could not be read anew/)
  content.set('one.key', two?.key ?? '')
  now += 61_000
  assert.equal(certificate?.().certificate, two?.certificate)
  assert.throws(() => optionsOf('--proxy-client-key-file=one.key'), /belong together/)
})

test('how many requests are answered at once, and whether they are shared out', () => {
  assert.deepEqual(optionsOf().requestLimits, { reads: 400, writes: 200, areShared: true })
  const told = optionsOf('--max-requests-inflight=0', '--max-mutating-requests-inflight=7')
  assert.deepEqual(told.requestLimits, { reads: 0, writes: 7, areShared: true })
  const none = ['--max-requests-inflight=0', '--max-mutating-requests-inflight=0']
  assert.throws(() => optionsOf(...none), /must add up to something positive/)
  assert.deepEqual(optionsOf(...none, '--enable-priority-and-fairness=false').requestLimits, {
    reads: 0,
    writes: 0,
    areShared: false,
  })
  assert.throws(() => optionsOf('--max-requests-inflight=-1'), /wants a number of requests/)
})
