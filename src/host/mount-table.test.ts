import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { machineFiles } from './machine/files.ts'
import { mountsUnder } from './mount-table.ts'

const scratch = mkdtempSync(join(tmpdir(), 'proa-mounts-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

test('what is mounted is found through links, too, or it would be removed with the directory', async () => {
  assert.ok((await mountsUnder('/proc')).includes('/proc'))
  const elsewhere = join(scratch, 'elsewhere')
  symlinkSync('/', elsewhere)
  const seen = join(elsewhere, 'proc')
  assert.ok((await mountsUnder(seen)).includes(seen))
  const link = join(scratch, 'link')
  symlinkSync('/proc', link)
  assert.ok((await mountsUnder(link)).includes(link))
  assert.deepEqual(await mountsUnder(join(scratch, 'missing')), [])
})

test('a link to something mounted is removed as a link', async () => {
  const link = join(scratch, 'device')
  symlinkSync('/proc', link)
  await machineFiles.removeTree(link)
  assert.equal(existsSync(link), false)
  assert.ok(existsSync('/proc/self'))
})
