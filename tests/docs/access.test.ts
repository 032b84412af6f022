/** What docs/access.md shows: its files are ones that the server takes, and its program prints what it says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePluginConfiguration } from '../../src/apiserver/admission/plugin-configuration.ts'
import { parseAuthenticationConfiguration } from '../../src/apiserver/authentication/structured/configuration.ts'
import { parseAuthorizationConfiguration } from '../../src/apiserver/authorization/configuration.ts'
import { parseCommandLine } from '../../src/cli/cli.ts'
import { projectRoot } from '../tidy/sources.ts'

const guide = readFileSync(join(projectRoot, 'docs/access.md'), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  )

test('the files of the guide are understood, whole', async () => {
  const [authentication = '', authorization = '', admission = '', ...more] = blocks('yaml')
  assert.deepEqual(more, [])
  const entry = await parseAuthenticationConfiguration(Buffer.from(authentication), 'guide')
  assert.equal(entry.jwt[0]?.issuer.url, 'https://login.example.com')
  assert.equal(entry.anonymous?.conditions?.length, 2)
  const looked: string[] = []
  const rights = await parseAuthorizationConfiguration(Buffer.from(authorization), path => {
    looked.push(path)
    return undefined
  })
  assert.deepEqual(
    rights.map(({ name }) => name),
    ['node', 'rbac', 'policies'],
  )
  assert.deepEqual(looked, ['/etc/proa/policies.conf'])
  const plugins = parsePluginConfiguration(Buffer.from(admission), 'guide', () => Buffer.from(''))
  assert.equal(plugins.podSecurity?.policy.enforce.level, 'baseline')
  assert.equal(plugins.eventRateLimit?.[0]?.burst, 100)
})

test('the flags of the guide are there', () => {
  const flags = new Set(
    [...guide.matchAll(/`(--[a-z-]+[a-z])(=\w+)?[ `]/g)].map(([, flag]) => flag),
  )
  assert.ok(flags.size > 10)
  for (const flag of flags)
    assert.ok(
      ['apiserver', 'controller-manager'].some(command => isKnown(command, `${flag}=`)),
      `there is no ${flag}`,
    )
})

/** A flag that is known may still be refused for its value. */
function isKnown(command: string, word: string): boolean {
  try {
    parseCommandLine([command, word])
    return true
  } catch (error) {
    return !/unknown flag/.test(String(error))
  }
}

test('the program of the guide prints what it says', () => {
  const [program = ''] = blocks('ts')
  const [, promise = ''] = /^prints\n\n```\n([\s\S]*?)```/m.exec(guide) ?? []
  const directory = mkdtempSync(join(tmpdir(), 'proa-guide-'))
  try {
    const own = program.replace("'proa'", JSON.stringify(join(projectRoot, 'src/index.ts')))
    symlinkSync(join(projectRoot, 'package.json'), join(directory, 'package.json'))
    const result = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '--eval', own],
      { cwd: directory, encoding: 'utf8', timeout: 300_000 },
    )
    assert.equal(result.stdout, promise)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
