import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startTestCluster } from '../controllers/testing/test-cluster.ts'
import { startConfiguredScheduler } from './configured-scheduler.ts'

/** The examples of the guide. */
const guide = readFileSync(join(import.meta.dirname, '../../docs/scheduler.md'), 'utf8')
const example = (language: string) =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
const CONFIGURATION = example('yaml')
const PLUGIN = example('ts')
const PLUGIN_FILE = 'not-on-first.ts'

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'proa-scheduler-'))
  try {
    await work(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('profiles and a plugin of one’s own come from the file', () =>
  inDirectory(async directory => {
    const file = join(directory, 'scheduler.yaml')
    writeFileSync(file, CONFIGURATION)
    writeFileSync(join(directory, PLUGIN_FILE), PLUGIN)
    await using cluster = await startTestCluster({ scheduler: false, runPods: false })
    const { client, informers } = cluster
    const context = {
      client,
      informers,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    }
    const scheduler = await startConfiguredScheduler(context, { config: file })
    try {
      await cluster.addNodes(['first'])
      const create = (name: string, schedulerName: string) =>
        client.create(pod, {
          metadata: { name, namespace: 'default' },
          spec: { schedulerName, containers: [{ name: 'c', image: 'i' }] },
        } as never)
      await create('plain', 'default-scheduler')
      await create('picky', 'picky')
      await create('foreign', 'somebody-else')
      const found = (name: string) => informers.for(pod).get(`default/${name}`)
      await cluster.until('plain is bound', () => found('plain')?.spec.nodeName === 'first')
      await cluster.until('picky is refused', () =>
        found('picky')?.status.conditions?.some(({ message }) =>
          message?.startsWith('0/1 nodes are available: 1 not there.'),
        ),
      )
      assert.deepEqual(found('foreign')?.status.conditions ?? [], [])
      await cluster.addNodes(['second'])
      await cluster.until('picky is bound', () => found('picky')?.spec.nodeName === 'second')
    } finally {
      await scheduler.stop()
    }
  }))

test('a file that cannot work says why before anything starts', () =>
  inDirectory(async directory => {
    const file = join(directory, 'scheduler.yaml')
    const start = () => startConfiguredScheduler({} as never, { config: file })
    await assert.rejects(start, { name: 'UserError', message: /^there is no file/ })
    writeFileSync(file, CONFIGURATION)
    await assert.rejects(start, { name: 'UserError', message: /not-on-first\.ts cannot be loaded/ })
    writeFileSync(join(directory, PLUGIN_FILE), 'export default 1')
    await assert.rejects(start, { name: 'UserError', message: /has no default export/ })
    writeFileSync(file, CONFIGURATION.replace(`[./${PLUGIN_FILE}]`, '[]'))
    const message = 'profile picky: plugin "NotOnFirst" does not exist'
    await assert.rejects(start, { name: 'UserError', message })
  }))
