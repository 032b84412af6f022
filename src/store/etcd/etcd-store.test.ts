import { after, before, describe } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { storeSuite } from '../store.suite.ts'
import { EtcdProcess, etcdMissing } from '../testing/etcd-process.ts'
import { rebased } from '../testing/rebased.ts'
import { openEtcdStore } from './etcd-store.ts'

const skip = etcdMissing()

describe('over a real etcd', { skip }, () => {
  let etcd: EtcdProcess
  before(async () => {
    etcd = await EtcdProcess.start()
  })
  after(() => etcd.remove())
  let opened = 0

  storeSuite('etcd', async context => {
    const store = await openEtcdStore({
      servers: [etcd.url],
      root: '',
      prefix: `store-${++opened}.`,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    })
    context.after(() => store.close())
    return rebased(store)
  })
})
