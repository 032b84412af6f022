/** Wrong addresses, families and node ports of services are told by Proa as by upstream: mostly alone, before anything else is judged. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { unexpected } from './accepted.ts'
import { inGeneral } from './in-general.ts'
import { type Asked, Pair } from './pair.ts'
import { SERVICES, TAKEN, TAKEN_PORT } from './variants/services.ts'

const PATH = '/api/v1/namespaces/default/services'
const MADE = { selector: { app: 'x' }, ports: [{ port: 80 }] }

const service = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { ...MADE, ...spec },
})
const post = (body: object): Asked => ({ method: 'POST', path: PATH, body })

describe('of services', { skip: etcdMissing() || kubeApiServerMissing() }, () => {
  let pair: Pair
  const make = async (body: object) => {
    for (const { status, text } of await pair.both(post(body))) assert.equal(status, 201, text)
  }
  before(async () => {
    pair = await Pair.start()
    const ports = [{ port: 80, nodePort: TAKEN_PORT }]
    await make(service('other', { type: 'NodePort', clusterIP: TAKEN, ports }))
  })
  after(() => pair?.stop())
  for (const [
    at,
    { name = `s${at}`, spec, metadata, before, isTried, differs },
  ] of SERVICES.entries())
    test(`${before ? `${JSON.stringify(before)}, then ` : ''}${JSON.stringify({ spec, metadata, name, isTried })}`, async () => {
      const made = `${PATH}/${name}`
      if (before) await make(service(name, before))
      const query = isTried ? '?dryRun=All' : ''
      const body = service(name, spec, metadata)
      const asked: Asked = before
        ? { method: 'PUT', path: `${made}${query}`, body }
        : { method: 'POST', path: `${PATH}${query}`, body }
      const lines = unexpected(await pair.compare(asked, asked, inGeneral))
      await pair.both({ method: 'DELETE', path: made })
      if (differs)
        assert.notDeepEqual(lines, [], 'it is told alike by now: it need not be accepted')
      else assert.deepEqual(lines, [])
    })
})
