/** The conformance suite for servers of HTTP/2, against a handler that answers everything, without a cluster behind it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { serve, text } from '../../../src/client/testing/serving.ts'
import { attempt, buildFolder, missing, run } from './programs.ts'

const program = join(buildFolder('h2spec'), 'h2spec')
/** Of version 2.2.1, all of them. */
const CASES = 145

describe('h2spec', { skip: missing('go') }, () => {
  test(`all ${CASES} cases pass, none is skipped`, async () => {
    await run('go', ['build', '-o', program, 'github.com/summerwind/h2spec/cmd/h2spec'], {
      cwd: join(import.meta.dirname, 'h2spec'),
    })
    await using server = await serve(async () => text(200, 'hello'))
    const { code, stdout } = await attempt(program, [
      ...['-t', '-k', '-h', '127.0.0.1', '-p', String(server.port), '-o', '1'],
    ])
    const [, ...counts] =
      /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout) ?? []
    assert.deepEqual(counts.map(Number), [CASES, CASES, 0, 0], stdout)
    assert.equal(code, 0)
  })
})
