import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { EtcdConnection } from '#store/etcd/connection.ts'
import { openEtcdStore } from '#store/etcd/etcd-store.ts'
import { methods } from '#store/etcd/messages.ts'
import { EtcdProcess, etcdMissing, etcdVersion } from '#store/testing/etcd-process.ts'
import { commits, compare, inThisProcess, say, VALUE_BYTES } from './common.ts'

const TIMEOUT_MS = 10_000

/** Commits of the etcd engine, beside bare puts of as many writers to the same etcd over the same client: these judge nothing and are not waited for here. */
export async function etcd(): Promise<void> {
  const missing = etcdMissing()
  if (missing !== false) {
    say('etcd store', `skipped: ${missing}`)
    return
  }
  const server = await EtcdProcess.start()
  const connection = new EtcdConnection([server.url], {}, systemClock)
  try {
    const store = await openEtcdStore({
      servers: [server.url],
      root: '',
      prefix: 'bench.',
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    })
    for (const writers of [1, 16, 128]) {
      await commits(store, writers)
      await compare(
        { what: `etcd store (${etcdVersion()}), ${writers} writers` },
        {
          etcd: inThisProcess(ms => puts(connection, writers, ms)),
          ours: inThisProcess(ms => commits(store, writers, ms)),
        },
      )
    }
    await store.close()
  } finally {
    connection.close()
    await server.remove()
  }
}

async function puts(
  connection: EtcdConnection,
  writers: number,
  lengthMs: number,
): Promise<number> {
  const start = performance.now()
  let count = 0
  const write = async (writer: number) => {
    while (performance.now() - start < lengthMs) {
      const key = new TextEncoder().encode(`/bare/pods/ns-${writer}/pod-${count++ % 100}`)
      const put = { key, value: new Uint8Array(VALUE_BYTES), lease: 0 }
      await connection.call(
        methods.txn,
        { success: [{ put }] },
        { timeoutMs: TIMEOUT_MS, isRepeatable: false },
      )
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  return (count / (performance.now() - start)) * 1000
}
