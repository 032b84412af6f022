import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bridgeChannels, channelPair } from './bridge.ts'
import {
  decodeExecStatus,
  exitCodeOf,
  exitStatus,
  failureStatus,
  finishExec,
} from './exec-status.ts'
import { plainErrors } from './plain-errors.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array) => new TextDecoder().decode(data)
const turn = () => new Promise(resolve => setImmediate(resolve))

test('what came before the listeners is handed over in its order', async () => {
  const [near, far] = channelPair()
  near.write(0, bytes('a'))
  near.end(0)
  near.write(1, bytes('b'))
  near.close()
  const heard: string[] = []
  far.onData((channel, data) => void heard.push(`${channel}${text(data)}`))
  far.onEnd(channel => heard.push(`end ${channel}`))
  far.onClose(error => heard.push(`close ${error}`))
  await turn()
  assert.deepEqual(heard, ['0a', 'end 0', '1b', 'close undefined'])
  await assert.rejects(near.write(0, bytes('late')), /closed/)
})

test('a bridge passes everything on, in order, and closes behind it', async () => {
  const step = fc.oneof(
    fc.record({ channel: fc.nat(4), data: fc.string({ minLength: 1 }) }),
    fc.record({ channel: fc.nat(4) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step), async steps => {
      const [client, a] = channelPair()
      const [b, pod] = channelPair()
      bridgeChannels(a, b)
      const heard: unknown[] = []
      pod.onData((channel, data) => void heard.push({ channel, data: text(data) }))
      pod.onEnd(channel => heard.push({ channel }))
      const closed = new Promise(resolve => {
        pod.onClose(resolve)
      })
      for (const step of steps)
        if ('data' in step) client.write(step.channel, bytes(step.data))
        else client.end(step.channel)
      client.close()
      assert.equal(await closed, undefined)
      assert.deepEqual(
        heard,
        steps.map(step => ({ ...step })),
      )
    }),
  )
})

test('the slower end sets the pace, an error goes through', async () => {
  const [client, a] = channelPair()
  const [b, pod] = channelPair()
  bridgeChannels(a, b)
  let release = () => {}
  pod.onData(
    () =>
      new Promise<void>(resolve => {
        release = resolve
      }),
  )
  let written = false
  client.write(0, bytes('x')).then(() => {
    written = true
  })
  await turn()
  assert.equal(written, false)
  release()
  await turn()
  assert.equal(written, true)
  const broke = new Promise<Error | undefined>(resolve => {
    pod.onClose(resolve)
  })
  client.onClose(() => {})
  client.close(new Error('broken'))
  assert.equal((await broke)?.message, 'broken')
})

test('an exit code survives its Status; old clients get a sentence or nothing', async () => {
  for (const code of [0, 1, 137, 255])
    assert.equal(exitCodeOf(decodeExecStatus(bytes(JSON.stringify(exitStatus(code))))), code)
  assert.equal(exitCodeOf(decodeExecStatus(bytes(''))), 0)
  assert.equal(exitCodeOf(decodeExecStatus(bytes('no such file'))), undefined)
  assert.equal(decodeExecStatus(bytes('no such file')).message, 'no such file')
  assert.equal(exitCodeOf(failureStatus('x')), undefined)

  for (const [status, sentence] of [
    [exitStatus(0), ''],
    [failureStatus('it broke'), 'it broke'],
  ] as const) {
    const [client, server] = channelPair()
    let said = ''
    client.onData((_, data) => {
      said += text(data)
    })
    await finishExec(plainErrors(server), status)
    await turn()
    assert.equal(said, sentence)
  }
})
