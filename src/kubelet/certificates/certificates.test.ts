import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority } from '#base/pki/certificate.ts'
import { requestInPem } from '#base/pki/certificate-request.ts'
import { signRequest } from '#base/pki/sign-request.ts'
import { createManualClock, createSeededRandom } from '#client/testing/manual-clock.ts'
import { systemFiles } from '#host/files.ts'
import { CertificateRotation, type RotationOptions } from './certificate-rotation.ts'
import { CertificateStore } from './certificate-store.ts'
import { CLIENT_PURPOSE, SERVING_PURPOSE, subjectOfNode } from './signing-request.ts'

const DAY_MS = 86_400_000
const directories: string[] = []
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true })
})
const random = createSeededRandom(7)
const authority = issueAuthority('kubernetes', { notBefore: 0, notAfter: 4e12 }, random)

/** A node, and an API server whose signer does as `answers` say, at first and then always; what it signs is good for a day. */
function startNode(more: Partial<RotationOptions> = {}, directory = temporary()) {
  const clock = createManualClock()
  const requests: CertificateSigningRequest[] = []
  const answers: ('sign' | 'deny' | 'wait')[] = ['sign']
  const client = {
    async create(_kind: unknown, request: CertificateSigningRequest) {
      requests.push(request)
      return { ...request, metadata: { name: `csr-${requests.length}` } }
    },
    async get(_kind: unknown, name: string) {
      const index = Number(name.slice(4)) - 1
      const answer = answers[Math.min(index, answers.length - 1)]
      if (answer === 'wait') return { status: {} }
      if (answer === 'deny')
        return { status: { conditions: [{ type: 'Denied', reason: 'No', message: 'not you' }] } }
      const certificate = sign(requests[index]?.spec.request ?? '', clock.now())
      return { status: { certificate: Buffer.from(certificate).toString('base64') } }
    },
  }
  const figures = createFigureBook()
  const store = new CertificateStore({ directory, pair: 'kubelet', files: systemFiles, clock })
  const rotation = new CertificateRotation({
    ...{ store, clock, random, log: silentLog, client: client as never },
    purpose: CLIENT_PURPOSE,
    wanted: () => ({ subject: subjectOfNode('one') }),
    failures: figures.counter('failures', 'of renewals'),
    ...more,
  })
  rotation.start()
  const failures = () => figures.source()[0]?.values[0]?.value ?? 0
  return { clock, client, requests, answers, store, rotation, directory, failures }
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'proa-certificates-'))
  directories.push(directory)
  return directory
}

const sign = (request: string, notBefore: number) =>
  signRequest(
    requestInPem(Buffer.from(request, 'base64').toString()),
    { validity: { notBefore, notAfter: notBefore + DAY_MS }, usages: ['client auth'] },
    authority,
    random,
  )

test('a node without a certificate asks for one at once, and keeps it where upstream does', async () => {
  const renewed: string[] = []
  const node = startNode({ renewed: ({ certificate }) => renewed.push(certificate) })
  await node.clock.advance(1_000)
  const { current } = node.rotation
  assert.ok(current)
  assert.deepEqual(renewed, [current.certificate])
  const [request] = node.requests
  assert.equal(request?.metadata.generateName, 'csr-')
  assert.equal(request?.spec.signerName, 'kubernetes.io/kube-apiserver-client-kubelet')
  assert.deepEqual(request?.spec.usages, ['digital signature', 'client auth'])
  const { subject } = new X509Certificate(current.certificate)
  assert.equal(subject, 'O=system:nodes\nCN=system:node:one')
  assert.deepEqual(readdirSync(node.directory).sort(), [
    'kubelet-2026-01-01-00-00-00.pem',
    'kubelet-current.pem',
  ])
  assert.equal(readlinkSync(node.store.path), 'kubelet-2026-01-01-00-00-00.pem')
  assert.deepEqual(node.store.current(), current)
  await node.rotation.stop()
})

test('another is asked for when seven to nine tenths of its life are over, with another key', async () => {
  const node = startNode()
  await node.clock.advance(1_000)
  const first = node.rotation.current
  await node.clock.advance(0.69 * DAY_MS)
  assert.equal(node.requests.length, 1)
  await node.clock.advance(0.22 * DAY_MS)
  assert.equal(node.requests.length, 2)
  assert.notEqual(node.rotation.current?.key, first?.key)
  await node.clock.advance(3 * DAY_MS)
  assert.ok(node.requests.length >= 5 && node.requests.length <= 7, `${node.requests.length}`)
  const files = readdirSync(node.directory)
  assert.equal(files.length, 3, 'the present one, the one before, and the link')
  await node.rotation.stop()
})

test('a restarted node goes on with what it had, and one whose certificate expired meanwhile has none until it got another', async () => {
  const before = startNode()
  await before.clock.advance(1_000)
  await before.rotation.stop()
  const after = startNode({}, before.directory)
  await after.clock.advance(1_000)
  assert.deepEqual(after.rotation.current, before.rotation.current)
  assert.equal(after.requests.length, 0)
  await after.rotation.stop()

  const late = startNode({ wanted: () => undefined }, before.directory)
  await late.clock.advance(2 * DAY_MS)
  assert.equal(late.rotation.current, undefined)
  assert.ok(late.rotation.secondsLeft() < 0)
  await late.rotation.stop()
})

test('who is denied asks again after 2, 4, 8, 16 and then each 32 seconds, and is counted', async () => {
  const node = startNode()
  node.answers.splice(0, 1, 'deny', 'deny', 'deny', 'deny', 'deny', 'deny', 'deny', 'sign')
  const at: number[] = []
  for (let second = 0; second < 140; second++) {
    while (at.length < node.requests.length) at.push(second)
    await node.clock.advance(1_000)
  }
  const pauses = at.slice(1).map((second, index) => second - (at[index] ?? 0))
  assert.equal(node.requests.length, 8)
  for (const [index, asked] of [2, 4, 8, 16, 32, 32, 32].entries()) {
    const pause = pauses[index] ?? 0
    assert.ok(pause >= asked - 1 && pause <= 1.1 * asked + 2, `pauses: ${pauses}`)
  }
  assert.equal(node.failures(), 7)
  assert.ok(node.rotation.current)
  await node.rotation.stop()
})

test('who has run for longer than its certificate was good asks as whom it came, until it has another', async () => {
  const asked: string[] = []
  let open = 0
  const node: ReturnType<typeof startNode> = startNode({
    atFirst: async () => {
      await Promise.resolve()
      asked.push(node.rotation.current ? 'as itself' : 'anew')
      open++
      return { client: node.client as never, stop: async () => void open-- }
    },
  })
  await node.clock.advance(1_000)
  assert.deepEqual(asked, ['anew'])
  node.answers.push('deny')
  await node.clock.advance(0.99 * DAY_MS)
  assert.ok(node.requests.length > 2)
  assert.deepEqual(asked, ['anew'], 'as long as it is good it renews as itself')
  await node.clock.advance(0.02 * DAY_MS)
  assert.equal(node.rotation.current, undefined)
  assert.ok(asked.length > 1)
  node.answers.push(...node.requests.map(() => 'deny' as const), 'sign')
  await node.clock.advance(0.02 * DAY_MS)
  assert.ok(node.rotation.current)
  assert.ok(asked.every(each => each === 'anew'))
  assert.equal(open, 0)
  await node.rotation.stop()
})

test('a serving certificate is asked for anew when the node has another address, also while nobody signs', async () => {
  let names = ['one', '10.0.0.1']
  const node = startNode({
    purpose: SERVING_PURPOSE,
    wanted: () => ({ subject: subjectOfNode('one'), names }),
  })
  await node.clock.advance(1_000)
  const named = () => new X509Certificate(node.rotation.current?.certificate ?? '').subjectAltName
  assert.equal(named(), 'DNS:one, IP Address:10.0.0.1')
  node.answers.push('wait', 'sign')
  names = ['one', '10.0.0.2']
  await node.clock.advance(15_000)
  assert.equal(node.requests.length, 2)
  names = ['one', '10.0.0.3']
  await node.clock.advance(15_000)
  assert.equal(named(), 'DNS:one, IP Address:10.0.0.3')
  await node.rotation.stop()
  assert.equal(node.clock.pending, 0)
})

test('a kubeconfig’s certificate is used until its time is over, and what was got later wins', async () => {
  const other = startNode()
  await other.clock.advance(1_000)
  await other.rotation.stop()
  const first = other.rotation.current
  assert.ok(first)
  const node = startNode({ first })
  await node.clock.advance(1_000)
  assert.deepEqual(node.rotation.current, first)
  assert.equal(node.requests.length, 0)
  await node.clock.advance(0.95 * DAY_MS)
  assert.equal(node.requests.length, 1)
  const { current } = node.rotation
  await node.rotation.stop()
  const again = startNode({ first }, node.directory)
  assert.deepEqual(again.rotation.current, current)
  await again.rotation.stop()
})

test('a file that holds something else is told of', () => {
  const directory = temporary()
  writeFileSync(join(directory, 'kubelet-current.pem'), 'nothing of the sort')
  assert.throws(
    () => startNode({}, directory),
    /kubelet-current\.pem holds no certificate with its key/,
  )
})
