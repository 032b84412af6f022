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

test('who ends with its parent does so when that is killed', async () => {
  const child = `import { endWithParent, onTermination } from '${module}'
    setInterval(() => {}, 1000)
    onTermination(async () => { process.stdout.write('ended well') })
    endWithParent()
    process.stdout.write('ready')`
  const parent = spawn(
    process.execPath,
    [
      '--eval',
      `require('node:child_process').spawn(process.execPath, ['--input-type=module', '--eval', ${JSON.stringify(child)}],
        { stdio: ['ignore', 'inherit', 'inherit'] })`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  parent.stdout.setEncoding('utf8').on('data', text => {
    said += text
    if (said === 'ready') parent.kill('SIGKILL')
  })
  // The pipe closes with the last who has it, which is the child.
  await once(parent.stdout, 'close')
  assert.equal(said, 'readyended well')
})
