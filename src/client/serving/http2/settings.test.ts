import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from './frames.ts'
import { readSettings, Setting, writeSettings } from './settings.ts'

test('settings are read as they were written, unknown ones too', () => {
  const settings = [
    [Setting.initialWindow, 0x7fff_ffff],
    [Setting.maximumPayload, 0xff_ffff],
    [0xffff, 7],
  ] as const
  const bytes = writeSettings(settings)
  assert.deepEqual(readSettings(bytes), settings)
  const amid = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(3)])
  assert.deepEqual(readSettings(amid.subarray(3, -3)), settings)
})

test('values that may not be', () => {
  for (const [id, value, code] of [
    [Setting.enablePush, 2, ErrorCode.protocol],
    [Setting.initialWindow, 0x8000_0000, ErrorCode.flowControl],
    [Setting.maximumPayload, 16_383, ErrorCode.protocol],
    [Setting.maximumPayload, 0x100_0000, ErrorCode.protocol],
  ] as const)
    assert.throws(() => readSettings(writeSettings([[id, value]])), { code })
  assert.throws(() => readSettings(Buffer.alloc(7)), { code: ErrorCode.frameSize })
})
