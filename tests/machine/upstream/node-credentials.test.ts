/**
 * What a node's credential reads and writes, by chance: the node authorizer and NodeRestriction judge as upstream's, kind by kind.
 * `PROA_NODES=5000,7` asks five thousand times from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Question, type Said } from './access/both.ts'
import { until } from './access/said.ts'
import { nodeQuestion, type Uids } from './nodes/questions.ts'
import { OBJECTS, STATUSES, TOKENS } from './nodes/world.ts'

const [COUNT = 1500, SEED = 1] = (process.env.PROA_NODES ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)

describe("a node's credential", { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  const both = new Both()
  const uids: [Map<string, string>, Map<string, string>] = [new Map(), new Map()]

  before(async () => {
    await both.start(
      [
        `--token-auth-file=${both.file('tokens.csv', TOKENS)}`,
        '--disable-admission-plugins=ServiceAccount',
        '--enable-admission-plugins=NodeRestriction',
        '--runtime-config=api/all=true',
      ],
      [
        '--feature-gates=PodCertificateRequest=true,ClusterTrustBundle=true,ClusterTrustBundleProjection=true,DRAExtendedResource=true,DRAPartitionableDevices=true',
      ],
    )
    const make = async (method: 'POST' | 'PATCH', path: string, body: object) => {
      const headers: Record<string, string> =
        method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}
      const answers = await both.both({ method, path, body, headers, asAdmin: true })
      for (const [at, { status, body: made }] of answers.entries()) {
        assert.ok(status < 300 || status === 409, `${at} ${path} ${JSON.stringify(made)}`)
        if (method === 'POST' && made.metadata?.uid)
          uids[at as 0 | 1].set(`${path}/${made.metadata.name}`, made.metadata.uid)
      }
    }
    for (const [path, body] of OBJECTS) await make('POST', path, body)
    for (const [path, body] of STATUSES) await make('PATCH', path, body)
    await until(async () =>
      (
        await both.both({ path: '/api/v1/namespaces/default/pods/pod-n2', token: 'n2-token' })
      ).every(({ status }) => status === 200),
    )
  })
  after(() => both.stop())

  test(`${COUNT} questions from seed ${SEED}`, async () => {
    const different: string[] = []
    const told = new Map<number, number>()
    const uidOf = uids.map(
      (of): Uids =>
        path =>
          of.get(path) ?? 'unknown',
    ) as [Uids, Uids]
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
      const questions = nodeQuestion(seed, each => new Dice(each), uidOf)
      const answers = await both.each(questions)
      const [{ status }] = answers
      told.set(status, (told.get(status) ?? 0) + 1)
      const [upstream = '', proa = ''] = answers.map(saidIn)
      if (upstream !== proa && !isRefusedForMore(answers))
        different.push(`${shown(seed, questions[0])}\n  upstream ${upstream}\n  Proa     ${proa}`)
    }
    assert.deepEqual(different, [])
    for (const status of [200, 201, 403]) assert.ok((told.get(status) ?? 0) > COUNT / 200)
  })
})

const shown = (seed: number, { method, path, token, body }: Question) =>
  `seed ${seed} ${token} ${method} ${path} ${body ? JSON.stringify(body) : ''}`

function saidIn({ status, body }: Said): string {
  const { kind, message, details } = body
  if (kind !== 'Status') return String(status)
  return (
    `${status} ${message} ${JSON.stringify(details?.causes ?? '')}`
      .replace(/"csr-[a-z0-9]+"/, '"csr-"')
      .replace(UID, 'UID')
      // What differs is shown as Go has it inside.
      .replace(/(?<=other than status\.quantity and status\.conditions: )[\s\S]*/, '…')
  )
}
const UID = /[0-9a-f]{8}-[0-9a-f-]{27}/g

/** What is wrong in several ways is refused for one of them, and a request for a certificate of a pod that is another by now is no error of the server. */
const isRefusedForMore = ([upstream, proa]: readonly Said[]) =>
  (upstream?.status === 409 && proa?.status === 403) ||
  (upstream?.status === 500 &&
    proa?.status === 403 &&
    proa.body.message.replace(UID, 'UID').includes(upstream.body.message.replace(UID, 'UID')))
