/**
 * What approvers and signers write into requests for certificates, by chance: both API servers let the same ones do the same, and keep the same of it.
 * `PROA_DECISIONS=5000,7` writes five thousand times from seed 7.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { encodedRequest } from '../../../src/base/pki/testing.ts'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { Dice } from '../../fuzz/random.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { Both, type Said } from './access/both.ts'
import { until } from './access/said.ts'
import { decision, REQUESTS, RIGHTS, SIGNERS, TOKENS } from './certificates/decisions.ts'

const [COUNT = 300, SEED = 1] = (process.env.PROA_DECISIONS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
/** After so many changes of one request comes another. */
const CHANGES = 6

describe('decisions about requests for certificates', {
  skip: etcdMissing() || kubeApiServerMissing(),
}, () => {
  const both = new Both()

  before(async () => {
    await both.start([`--token-auth-file=${both.file('tokens.csv', TOKENS)}`])
    for (const [path, body] of RIGHTS)
      for (const { status, body: told } of await both.both({
        ...{ method: 'POST', path, body },
        asAdmin: true,
      }))
        assert.equal(status, 201, JSON.stringify(told))
    await until(async () => {
      const asked = { path: `${REQUESTS}/none`, token: 'ali-token' }
      return (await both.both(asked)).every(({ status }) => status === 404)
    })
  })
  after(() => both.stop())

  test(`${COUNT} from seed ${SEED}`, async () => {
    const different: string[] = []
    const told = new Map<number, number>()
    const request = encodedRequest({ commonName: 'ann' })
    for (let seed = SEED; seed < SEED + COUNT; ) {
      const name = `r${seed}`
      const spec = {
        ...{ request, usages: ['digital signature', 'client auth'] },
        signerName: SIGNERS[seed % SIGNERS.length],
      }
      const body = { metadata: { name }, spec }
      let current = await both.both({ method: 'POST', path: REQUESTS, body, asAdmin: true })
      for (let change = 0; change < CHANGES && seed < SEED + COUNT; change++, seed++) {
        const [ofUpstream, ofProa] = current.map(({ body }) => decision(new Dice(seed), body))
        assert.ok(ofUpstream && ofProa)
        const answers = await both.each([ofUpstream, ofProa])
        const [{ status }] = answers
        told.set(status, (told.get(status) ?? 0) + 1)
        const [upstream = '', proa = ''] = answers.map(shown)
        if (upstream !== proa)
          different.push(
            `seed ${seed} ${ofUpstream.token} ${ofUpstream.method} ${ofUpstream.path} ${JSON.stringify(current[0].body.status)} to ${JSON.stringify((ofUpstream.body as Said['body']).status)}\n  upstream ${upstream}\n  Proa     ${proa}`,
          )
        current = await both.both({ path: `${REQUESTS}/${name}`, asAdmin: true })
      }
    }
    assert.deepEqual(different, [])
    for (const status of [200, 403, 422]) assert.ok((told.get(status) ?? 0) > COUNT / 50)
  })
})

function shown({ status, body }: Said): string {
  if (status >= 300) {
    // What is wrong within a certificate is told in another order.
    const causes = body.details?.causes?.map((cause: object) => JSON.stringify(cause)).sort()
    const told = causes?.length > 1 ? causes.join() : body.message
    return `${status} ${told}`.replace(/(x509|asn1): [^"]*/, 'x509')
  }
  const { labels } = body.metadata
  const conditions = body.status.conditions?.map((each: Record<string, string>) => ({
    ...each,
    ...Object.fromEntries(
      ['lastUpdateTime', 'lastTransitionTime'].map(key => [
        key,
        each[key]?.startsWith('20') && !/01-01T00:00:00Z/.test(each[key]) ? 'now' : each[key],
      ]),
    ),
  }))
  const { certificate } = body.status
  const spec = sorted(body.spec)
  return JSON.stringify({ status, labels, spec, conditions: conditions?.map(sorted), certificate })
}

const sorted = (of: object) =>
  Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))
