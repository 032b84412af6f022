/** Flags and files about access that make no sense are refused by both API servers, in the same words. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Keys, kubeApiServerMissing } from '../etcd/servers.ts'
import { proasRefusal, upstreamsRefusal } from './access/both.ts'
import { WRONG_FILES, WRONG_FLAGS } from './access/wrong.ts'

describe('flags about access', { skip: kubeApiServerMissing() }, () => {
  let keys: Keys
  const directory = mkdtempSync(join(tmpdir(), 'proa-flags-'))
  before(() => {
    keys = new Keys()
  })
  after(() => {
    keys.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  for (const [flag, files] of Object.entries(WRONG_FILES))
    test(`files of ${flag}`, async () => {
      const different: string[] = []
      for (const [i, content] of files.entries()) {
        const path = join(directory, `${flag}-${i}.yaml`)
        writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
        const mode = flag === 'authorization-config' ? [] : ['--authorization-mode=RBAC']
        await hold([`--${flag}=${path}`, ...mode], JSON.stringify(content), different)
      }
      assert.deepEqual(different, [])
    })

  test('flags', async () => {
    const different: string[] = []
    for (const flags of WRONG_FLAGS) await hold(flags, flags.join(' '), different)
    assert.deepEqual(different, [])
  })

  async function hold(flags: readonly string[], what: string, different: string[]): Promise<void> {
    const upstream = upstreamsRefusal(keys, flags)
    const proa = await proasRefusal(keys, flags)
    assert.notEqual(upstream, undefined, `upstream takes ${what}`)
    if (proa !== upstream) different.push(`${what}\n  upstream ${upstream}\n  Proa     ${proa}`)
  }
})
