import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command, tryCommand } from './command.ts'

test('lines come one by one, also more of them than a command may print otherwise', async () => {
  let count = 0
  let last = ''
  const program =
    "const lines = ('x'.repeat(63) + '\\n').repeat(1024); for (let i = 0; i < 300; i++) process.stdout.write(lines); console.log('end')"
  const rest = await command(process.execPath, ['-e', program], {
    onLine: line => {
      count++
      last = line
    },
  })
  assert.equal(count, 300 * 1024 + 1)
  assert.equal(last, 'end')
  assert.equal(rest, '')
})

test('a command that takes too long is given up, also where what it started lives on', async () => {
  const startMs = performance.now()
  const waiting = tryCommand('sh', ['-c', 'sleep 60 & sleep 60'], { timeoutMs: 100 })
  await assert.rejects(waiting, { name: 'CommandError', message: /took longer than 100 ms/ })
  assert.ok(performance.now() - startMs < 30_000)
})
