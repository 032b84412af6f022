import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { claimDirectory } from './data-directory.ts'

const base = mkdtempSync(join(tmpdir(), 'proa-claim-'))
after(() => rmSync(base, { recursive: true }))

/** Another process that claims the directory and has a database open in it, as a store has. */
async function otherWith(directory: string) {
  const script = `
    import { DatabaseSync } from 'node:sqlite'
    import { claimDirectory } from '${import.meta.dirname}/data-directory.ts'
    claimDirectory(process.argv[1])
    const database = new DatabaseSync(process.argv[1] + '/state.db')
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a); SELECT * FROM t')
    process.stdout.write('ready')
    setInterval(() => database, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

test('another process has it until it dies, however that dies', async () => {
  const directory = join(base, 'taken')
  const other = await otherWith(directory)
  assert.throws(() => claimDirectory(directory), new RegExp(`in use .*\\(pid ${other.pid}\\)`))
  other.kill('SIGKILL')
  await once(other, 'exit')
  claimDirectory(directory).release()
})

test('its lock removed by hand, it has it still', {
  skip: existsSync('/proc/locks') ? false : 'the kernel shows no locks here',
}, async () => {
  const directory = join(base, 'unlocked')
  const other = await otherWith(directory)
  for (const name of ['lock', 'lock-journal', 'pid']) rmSync(join(directory, name), { force: true })
  for (let tries = 0; tries < 2; tries++)
    assert.throws(() => claimDirectory(directory), new RegExp(`in use .*\\(pid ${other.pid}\\)`))
  other.kill('SIGKILL')
  await once(other, 'exit')
  claimDirectory(directory).release()
})
