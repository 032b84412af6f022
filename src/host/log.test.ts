import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogLevel, systemLog } from './log.ts'

function collected(level: LogLevel) {
  const lines: string[] = []
  const read = () => lines.map(line => JSON.parse(line) as Record<string, unknown>)
  return { log: systemLog(level, line => lines.push(line)), lines, read }
}

test('writes one line of JSON each, with level, time, message and fields', () => {
  const { log, lines, read } = collected('info')
  log.with({ controller: 'deployment' }).with({ attempt: 2 }).warn('tries again', { key: 'a\nb' })
  assert.match(lines[0] ?? '', /^[^\n]+\n$/)
  const { time, ...rest } = read()[0] ?? {}
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(rest, {
    level: 'warn',
    msg: 'tries again',
    controller: 'deployment',
    attempt: 2,
    key: 'a\nb',
  })
})

test('leaves out what is below its level', () => {
  for (const [level, expected] of [
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ] as const) {
    const { log, lines } = collected(level)
    log.debug('x')
    log.info('x')
    log.warn('x')
    log.with({ a: 1 }).error('x')
    assert.equal(lines.length, expected, level)
  }
})

test('tells stacks of errors at debug level only', () => {
  const error = new Error('disk full')
  for (const [level, expected] of [
    ['info', /^disk full$/],
    ['debug', /disk full\n +at .*log\.test\.ts/],
  ] as const) {
    const { log, read } = collected(level)
    log.error('failed', { error, inside: { error } })
    assert.match(String(read()[0]?.error), expected)
    const { error: nested = '' } = (read()[0]?.inside ?? {}) as { error?: string }
    assert.match(nested, expected)
  }
})

test('survives fields that JSON cannot hold', () => {
  const { log, read } = collected('info')
  const ring: { self?: object } = {}
  ring.self = ring
  log.info('ring', { ring })
  log.info('big', { revision: 12n })
  assert.deepEqual(read()[0]?.fields, ['ring'])
  assert.equal(read()[1]?.revision, '12')
})
