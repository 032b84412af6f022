/** A store over an etcd that says what a test wants. */
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { type EtcdStoreOptions, openEtcdStore } from '../etcd/etcd-store.ts'
import type { Store } from '../store.ts'
import { recorder } from './recorder.ts'
import { type Held, ScriptedEtcd } from './scripted-etcd.ts'

export async function eventually(look: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!look()) {
    if (performance.now() > deadline) throw new Error('it did not come to pass')
    await sleep(10)
  }
}

export const held = (
  key: string,
  version: number,
  modRevision: number,
  createRevision = 5,
): Held => ({
  key: `x.${key}`,
  value: `${key} ${version}`,
  version,
  createRevision,
  modRevision,
})

export interface ScriptedOptions extends Pick<EtcdStoreOptions, 'consistencyIntervalMs'> {
  readonly version?: string
  readonly isPrompt?: boolean
  readonly holding?: readonly Held[]
}

/** It has read what the etcd holds, by default `/a` in its second version, at revision 10, and is being watched. */
export async function startScripted(t: TestContext, options: ScriptedOptions = {}) {
  const { version = '3.6.0', isPrompt = true, holding = [held('/a', 2, 9)], ...more } = options
  const etcd = new ScriptedEtcd()
  etcd.version = version
  etcd.isPrompt = isPrompt
  etcd.revision = 10
  etcd.held = holding
  await etcd.start()
  const store: Store = await openEtcdStore({
    servers: [etcd.url],
    root: '',
    prefix: 'x.',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...more,
  })
  t.after(async () => {
    await store.close()
    etcd.stop()
  })
  await eventually(() => etcd.watches.length === 1)
  const sink = recorder()
  store.watch('', 10, sink)
  await sleep(0)
  return { etcd, store, sink }
}
