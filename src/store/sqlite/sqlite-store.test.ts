import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { storeSuite } from '../store.suite.ts'
import { openSqliteStore } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-store-'))
after(() => rmSync(root, { recursive: true, force: true }))
let opened = 0

for (const [name, heldBytes] of [
  ['sqlite', undefined],
  ['sqlite that holds no values', 0],
] as const) {
  storeSuite(name, async context => {
    const directory = join(root, `${++opened}`)
    const store = await openSqliteStore({
      directory,
      clock: systemClock,
      log: silentLog,
      ...(heldBytes !== undefined && { heldBytes }),
    })
    context.after(() => store.close())
    return store
  })
}
