import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { kubeconfigOf } from './kubeconfig.ts'
import { ensurePki, type PkiOptions } from './pki.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-pki-'))
after(() => rmSync(root, { recursive: true }))

const DAY_MS = 86_400_000
let now = Date.parse('2026-03-01T12:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
let count = 0
const options = (directory = join(root, `pki-${count++}`)): PkiOptions => ({
  directory,
  names: ['node.example'],
  ips: ['10.96.0.1'],
  clock,
  random: systemRandom,
  files: systemFiles,
})
const serialOf = (pem: string) => new X509Certificate(pem).serialNumber

test('the first set is private, complete and quick', () => {
  const mine = options()
  const started = cpuMs()
  const pki = ensurePki(mine)
  pki.client('admin')
  const tookMs = cpuMs() - started
  assert.ok(tookMs < 1000, `${tookMs} ms`)
  assert.equal(statSync(mine.directory).mode & 0o777, 0o700)
  for (const name of readdirSync(mine.directory))
    assert.equal(statSync(join(mine.directory, name)).mode & 0o777, 0o600, name)
  const server = new X509Certificate(pki.server().certificate)
  for (const name of ['kubernetes.default.svc.cluster.local', 'localhost', 'node.example'])
    assert.ok(server.checkHost(name), name)
  for (const ip of ['127.0.0.1', '::1', '10.96.0.1']) assert.ok(server.checkIP(ip), ip)
  const admin = new X509Certificate(pki.client('admin').certificate)
  assert.equal(admin.subject, 'O=system:masters\nCN=kubernetes-admin')
  assert.ok(admin.verify(new X509Certificate(pki.authority).publicKey))
  const proxied = new X509Certificate(pki.client('front-proxy-client').certificate)
  assert.ok(proxied.verify(new X509Certificate(pki.frontProxyAuthority).publicKey))
  assert.ok(!proxied.verify(new X509Certificate(pki.authority).publicKey))
})

test('opening again changes nothing', () => {
  const mine = options()
  const first = ensurePki(mine)
  const second = ensurePki(mine)
  assert.deepEqual(second.server(), first.server())
  assert.equal(second.authority, first.authority)
  assert.equal(second.serviceAccountKey, first.serviceAccountKey)
})

test('the server certificate follows its names and its age, and keeps its key', () => {
  const mine = options()
  const first = ensurePki(mine).server()
  const renamed = ensurePki({ ...mine, ips: ['10.96.0.1', '192.0.2.7', 'fd00::1'] }).server()
  assert.notEqual(serialOf(renamed.certificate), serialOf(first.certificate))
  assert.equal(renamed.key, first.key)
  assert.ok(new X509Certificate(renamed.certificate).checkIP('fd00::1'))

  const pki = ensurePki(mine)
  const fresh = pki.server()
  const madeAt = now
  now += 240 * DAY_MS
  assert.equal(serialOf(pki.server().certificate), serialOf(fresh.certificate))
  now += 10 * DAY_MS
  assert.notEqual(serialOf(pki.server().certificate), serialOf(fresh.certificate))
  now = madeAt
})

test('what was made while the clock was ahead is made anew once it is right, or valid already', () => {
  const mine = options()
  const pki = ensurePki(mine)
  const right = now
  const isValid = (pem: string) => Date.parse(new X509Certificate(pem).validFrom) <= now
  now += 400 * DAY_MS
  const early = { running: pki.server(), admin: pki.client('admin') }
  now = right
  assert.ok(!isValid(early.admin.certificate))
  for (const opened of [pki, ensurePki(mine)])
    for (const pair of [opened.server(), opened.client('admin')]) {
      assert.ok(isValid(pair.certificate))
      assert.equal(opened.server().key, early.running.key)
    }
  now -= 20 * 3_600_000
  const hoursBefore = ensurePki(mine)
  for (const pem of [hoursBefore.authority, hoursBefore.client('admin').certificate])
    assert.ok(isValid(pem))
  now = right
})

test('kubelets get a client and a serving certificate; odd names cannot leave the directory', () => {
  const pki = ensurePki(options())
  const { client, serving } = pki.kubelet('node-1', ['192.0.2.1'])
  assert.equal(
    new X509Certificate(client.certificate).subject,
    'O=system:nodes\nCN=system:node:node-1',
  )
  assert.ok(new X509Certificate(serving.certificate).checkIP('192.0.2.1'))
  for (const name of ['../ca', 'a/../b', '', '.', 'a..b', 'Ä'])
    assert.throws(() => pki.kubelet(name, []), /^UserError: .* is not a name/)
})

test('a pair that another process makes between two looks is whole', () => {
  const mine = options()
  ensurePki(mine)
  for (const suffix of ['crt', 'key']) rmSync(join(mine.directory, `apiserver.${suffix}`))
  let other: string | undefined
  const files = {
    ...systemFiles,
    read(path: string) {
      const found = systemFiles.read(path)
      if (path.includes('apiserver.')) other ??= ensurePki(mine).server().key
      return found
    },
  }
  const { key } = ensurePki({ ...mine, files }).server()
  assert.equal(key, other)
})

test('a crash at first boot leaves all or nothing', () => {
  const mine = options()
  writeFileSync(join(root, 'keep'), '')
  // What a crash in the middle leaves: a directory beside with some of the files.
  systemFiles.makeDirectory(`${mine.directory}.new`, 0o700)
  writeFileSync(join(`${mine.directory}.new`, 'ca.key'), 'half')
  const pki = ensurePki(mine)
  assert.ok(new X509Certificate(pki.authority).ca)
  assert.ok(!readdirSync(root).some(name => name.endsWith('.new')))
  // A crash between key and certificate of a leaf: the key is used.
  pki.client('scheduler')
  const key = readFileSync(join(mine.directory, 'scheduler.key'), 'utf8')
  unlinkSync(join(mine.directory, 'scheduler.crt'))
  assert.equal(ensurePki(mine).client('scheduler').key, key)
})

test('what is damaged, half there or foreign is told in one sentence and never replaced', () => {
  const good = options()
  ensurePki(good).client('admin')
  const foreign = options()
  ensurePki(foreign)
  const cases: [string, (directory: string) => void, RegExp][] = [
    [
      'truncated authority',
      d => writeFileSync(join(d, 'ca.crt'), '-----BEGIN'),
      /ca\.crt is damaged/,
    ],
    ['truncated key', d => writeFileSync(join(d, 'ca.key'), ''), /ca\.key is damaged/],
    ['key gone', d => unlinkSync(join(d, 'ca.key')), /ca\.key is missing although/],
    ['certificate gone', d => unlinkSync(join(d, 'ca.crt')), /ca\.crt is missing although/],
    [
      'server key gone',
      d => unlinkSync(join(d, 'apiserver.key')),
      /apiserver\.key is missing beside/,
    ],
    ['token key', d => writeFileSync(join(d, 'sa.key'), 'x'), /sa\.key is damaged/],
    [
      'foreign authority',
      d => {
        cpSync(join(foreign.directory, 'ca.crt'), join(d, 'ca.crt'))
        cpSync(join(foreign.directory, 'ca.key'), join(d, 'ca.key'))
      },
      /apiserver\.crt was not issued by this cluster/,
    ],
    [
      'foreign key',
      d => cpSync(join(foreign.directory, 'ca.key'), join(d, 'ca.key')),
      /ca\.crt and .*ca\.key do not belong together/,
    ],
    [
      'authority that is none',
      d => {
        cpSync(join(d, 'apiserver.crt'), join(d, 'ca.crt'))
        cpSync(join(d, 'apiserver.key'), join(d, 'ca.key'))
      },
      /ca\.crt is not the certificate of an authority/,
    ],
    [
      'no authority',
      d => {
        unlinkSync(join(d, 'ca.crt'))
        unlinkSync(join(d, 'ca.key'))
      },
      /has no ca\.crt and ca\.key, but other files/,
    ],
  ]
  for (const [name, damage, message] of cases) {
    const mine = options()
    cpSync(good.directory, mine.directory, { recursive: true })
    damage(mine.directory)
    const before = snapshot(mine.directory)
    assert.throws(
      () => ensurePki(mine),
      (error: Error) => error.name === 'UserError' && message.test(error.message),
      name,
    )
    assert.deepEqual(snapshot(mine.directory), before, name)
  }
  const expired = options()
  ensurePki(expired)
  now += 3651 * DAY_MS
  assert.throws(() => ensurePki(expired), /ca\.crt expired on/)
})

function snapshot(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map(name => [name, readFileSync(join(directory, name), 'utf8')]),
  )
}

test('an authority that somebody brings is used, whatever its kind of key and id', () => {
  const mine = options()
  systemFiles.makeDirectory(mine.directory, 0o700)
  // Made with: openssl req -x509 -newkey rsa:2048 -nodes -subj "/O=Acme, Inc/CN=Acme Root"; OpenSSL makes key ids in its own way.
  const fixture = (name: string) => join(import.meta.dirname, 'testdata', name)
  cpSync(fixture('rsa-authority.crt'), join(mine.directory, 'ca.crt'))
  cpSync(fixture('rsa-authority.key'), join(mine.directory, 'ca.key'))
  const pki = ensurePki(mine)
  const issuer = new X509Certificate(pki.authority)
  assert.equal(issuer.publicKey.asymmetricKeyType, 'rsa')
  for (const { certificate } of [pki.server(), pki.client('admin')]) {
    const leaf = new X509Certificate(certificate)
    assert.ok(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey))
  }
  assert.deepEqual(ensurePki(mine).server(), pki.server())
})

test('a kubeconfig is what kubectl reads', () => {
  const text = kubeconfigOf({ server: 'https://127.0.0.1:6443', ca: 'CA', cert: 'C', key: 'K' })
  assert.match(text, /^apiVersion: v1\nkind: Config\n/)
  assert.match(text, /certificate-authority-data: Q0E=\n {4}server: "https:\/\/127.0.0.1:6443"/)
  assert.match(text, /client-certificate-data: Qw==\n {4}client-key-data: Sw==\n$/)
})
