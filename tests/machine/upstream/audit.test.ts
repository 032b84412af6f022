/** Proa's audit log tells of the same requests what upstream's does, field by field. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubeApiServerMissing } from '../etcd/servers.ts'
import { ordinary, others, pods } from './audit-requests.ts'
import { type Audited, AuditedPair } from './audited.ts'

const titleOf = ({ method, path, body, headers }: Audited) =>
  [
    method,
    path,
    body && JSON.stringify(body).slice(0, 60),
    headers && JSON.stringify(headers).slice(0, 80),
  ]
    .filter(Boolean)
    .join(' ')

const skip = etcdMissing() || kubeApiServerMissing()

describe('at level RequestResponse', { skip }, () => {
  let both: AuditedPair
  before(async () => {
    both = await AuditedPair.start({
      rules: [{ level: 'None', users: ['system:apiserver'] }, { level: 'RequestResponse' }],
    })
  })
  after(() => both?.stop())
  for (const asked of [...ordinary, ...pods, ...others])
    test(titleOf(asked), async () => {
      const lines = await both.compare(asked)
      if (asked.differs) assert.notDeepEqual(lines, [], 'it is told alike by now')
      else assert.deepEqual(lines, [])
    })
})
