/** The official Python client, typed and dynamic. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildFolder, type ClientCluster, missing, run, startClientCluster } from './programs.ts'

const sources = join(import.meta.dirname, 'python')

describe('Python', { skip: missing('python3') }, () => {
  const python = join(buildFolder('python'), 'bin/python')
  let target: ClientCluster

  before(async () => {
    target = await startClientCluster()
    // An environment of another interpreter, left by an earlier run, would keep that one's links to it.
    await run('python3', ['-m', 'venv', '--clear', buildFolder('python')])
    const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r']
    await run(python, [...install, join(sources, 'requirements.txt')])
  })
  after(() => target?.stop())

  test('the typed client', async () => {
    assert.match(
      await run(python, [join(sources, 'main.py'), target.kubeconfig]),
      /watch saw 20, list 20, all steps done/,
    )
  })

  test('the dynamic client', async () => {
    assert.match(
      await run(python, [join(sources, 'dynamic.py'), target.kubeconfig]),
      /^all steps done$/m,
    )
  })
})
