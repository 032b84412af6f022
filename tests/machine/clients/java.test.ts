/** fabric8's Java client, whose libraries Maven fetches; the JDK runs the program from its source. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type ClientCluster, missing, run, startClientCluster } from './programs.ts'

const sources = join(import.meta.dirname, 'java')

describe('Java', { skip: missing('java') || missing('mvn') }, () => {
  let target: ClientCluster
  let libraries: string

  before(async () => {
    target = await startClientCluster()
    const list = join(target.directory, 'libraries')
    const words = ['-q', '-B', 'dependency:build-classpath', `-Dmdep.outputFile=${list}`]
    await run('mvn', words, { cwd: sources })
    libraries = readFileSync(list, 'utf8').trim()
  })
  after(() => target?.stop())

  test("fabric8's client", async () => {
    const words = ['-cp', libraries, join(sources, 'Main.java'), target.kubeconfig]
    assert.equal(await run('java', words), 'all steps done\n')
  })
})
