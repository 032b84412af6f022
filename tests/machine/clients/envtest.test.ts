/** Tests with controller-runtime's envtest on the programs that `proa envtest` writes, as the README shows it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { projectRoot } from '../../tidy/sources.ts'
import { attempt, missing } from './programs.ts'

const proa = `'${process.execPath}' '${join(projectRoot, 'bin', 'proa.js')}'`
const session =
  /<!-- session: envtest -->\n```console\n([\s\S]*?)```/.exec(
    readFileSync(join(projectRoot, 'README.md'), 'utf8'),
  )?.[1] ?? ''

describe('envtest', { skip: missing('go') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-envtest-'))
  after(() => rmSync(directory, { recursive: true }))
  const env = {
    // Where `proa envtest` keeps its programs, and envtest what it makes for each environment.
    XDG_CACHE_HOME: join(directory, 'cache'),
    TMPDIR: mkdtempSync(join(directory, 'tmp-')),
    // The compiler's cache is everybody's; a result from the last time proves nothing.
    GOCACHE: process.env.GOCACHE ?? join(process.env.HOME ?? '/root', '.cache', 'go-build'),
    GOFLAGS: '-vet=off -count=1',
    // For machines that have other things to do as well.
    KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: '2m',
  }
  const cwd = join(import.meta.dirname, 'envtest')
  const shell = (script: string, more: Readonly<Record<string, string>> = {}) =>
    attempt('bash', ['-c', script], { cwd, env: { ...env, ...more } })

  test('the session in the README prints what it shows, and nothing is left', async () => {
    const lines = session.split('\n').filter(line => line !== '')
    const commands = lines.filter(line => line.startsWith('$ ')).map(line => line.slice(2))
    assert.ok(commands.length >= 2)
    const script = commands.join('\n').replaceAll('npx proa', proa)
    const { code, stdout, stderr } = await shell(`set -e\n${script}`)
    assert.equal(code, 0, stderr + stdout)
    const shown = lines.filter(line => !line.startsWith('$ ')).join('\n')
    assert.equal(masked(stdout), masked(shown))
    assert.deepEqual(readdirSync(env.TMPDIR), [])
    assert.deepEqual(processesAbout(env.TMPDIR), [])
  })

  test('with nodes, controllers make pods and pods run', async () => {
    const { code, stdout, stderr } = await shell(
      `export KUBEBUILDER_ASSETS=$(${proa} envtest --nodes hollow:2) && go test -v -run TestDeployment .`,
      { WITH_NODES: '1' },
    )
    assert.equal(code, 0, stderr + stdout)
    assert.match(stdout, /--- PASS: TestDeployment/)
  })

  test('a flag that is nobody’s is told in upstream’s words', async () => {
    const { code, stderr } = await shell(`$(${proa} envtest)/kube-apiserver --bogus=1`)
    assert.deepEqual([code, stderr], [1, 'proa: unknown flag: --bogus\n'])
  })
})

/** The module's name and the time differ. */
const masked = (text: string) => text.trim().replace(/^ok\s+\S+\s+[\d.]+s$/m, 'ok  MODULE  TIME')

function processesAbout(path: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return '' // It has ended meanwhile.
      }
    })
    .filter(words => words.includes(path))
}
