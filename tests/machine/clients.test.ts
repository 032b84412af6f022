/** Programs of other languages, on their own client libraries, against a cluster on hollow nodes. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, startCluster } from '#index'

const here = join(import.meta.dirname, 'clients')
const missing = (tool: string) =>
  spawnSync(tool, ['--help']).error ? `${tool} is not on this machine` : false

describe('clients of other languages', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-clients-'))
  const kubeconfig = join(directory, 'kubeconfig')
  let cluster: Cluster

  before(async () => {
    cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 }, listen: { port: 0 } })
    writeFileSync(kubeconfig, cluster.kubeconfig ?? '')
  })
  after(async () => {
    await cluster?.stop()
    rmSync(directory, { recursive: true })
  })

  test('Go on client-go, in JSON and in protobuf', { skip: missing('go') }, async () => {
    const program = join(directory, 'go-client')
    assert.equal(await run('go', ['build', '-o', program, '.'], join(here, 'go')), '')
    assert.equal(
      await run(program, [kubeconfig]),
      'application/json: all steps done\napplication/vnd.kubernetes.protobuf: all steps done\n',
    )
  })

  test('Python on the official client', {
    skip: missing('python3'),
  }, async () => {
    const environment = join(directory, 'venv')
    await run('python3', ['-m', 'venv', environment])
    await run(join(environment, 'bin/pip'), [
      'install',
      '-q',
      '--disable-pip-version-check',
      '-r',
      join(here, 'python/requirements.txt'),
    ])
    const python = join(environment, 'bin/python')
    assert.match(
      await run(python, [join(here, 'python/main.py'), kubeconfig]),
      /watch saw 20, list 20, all steps done/,
    )
  })
})

/** Standard output of a program that has to succeed; asynchronous, because the cluster lives in this process. */
function run(file: string, words: readonly string[], cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', text => {
      stdout += text
    })
    child.stderr.on('data', text => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', code =>
      code === 0
        ? resolve(stdout)
        : reject(new Error(`${file} ${words.join(' ')} ended with ${code}:\n${stderr}${stdout}`)),
    )
  })
}
