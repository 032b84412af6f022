import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const module = new URL('./signals.ts', import.meta.url).href

/** A process that ends as `stop` says; gives its exit code after the signals. */
async function endOf(stop: string, signals: readonly NodeJS.Signals[]): Promise<number> {
  const script = `import { onTermination } from '${module}'
    setInterval(() => {}, 1000)
    onTermination(async () => { process.stdout.write('stopping'); ${stop} })
    process.stdout.write('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  for (const signal of signals) {
    await once(child.stdout, 'data')
    child.kill(signal)
  }
  const [code] = await ended
  return code
}

test('a signal stops and ends with 0; a stop that fails ends with 1', async () => {
  const codes = await Promise.all([
    endOf('', ['SIGTERM']),
    endOf('', ['SIGINT']),
    endOf("throw new Error('no')", ['SIGTERM']),
  ])
  assert.deepEqual(codes, [0, 0, 1])
})

test('a second signal ends at once, with the code of the signal', async () => {
  const never = 'await new Promise(() => {})'
  const codes = await Promise.all([
    endOf(never, ['SIGTERM', 'SIGTERM']),
    endOf(never, ['SIGTERM', 'SIGINT']),
  ])
  assert.deepEqual(codes, [143, 130])
})
