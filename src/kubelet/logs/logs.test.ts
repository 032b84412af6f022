import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Files, OpenFile } from '../host-access.ts'
import { LineSplitter, parseLogRecord } from './cri-log.ts'
import { type LogOptions, readLog } from './read-logs.ts'
import { offsetOfLastLines, tailOfLog } from './tail.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data)

/** A growing file that can be exchanged for another, as rotation does. */
function logFile() {
  let id = 1
  let content = ''
  const open = (): OpenFile => {
    const identity = String(id)
    const mine = () => (identity === String(id) ? content : old)
    return {
      identity,
      size: async () => bytes(mine()).length,
      read: async (offset, length) => bytes(mine()).subarray(offset, offset + length),
      close: async () => {},
    }
  }
  let old = ''
  return {
    files: { open: async () => open() } as unknown as Files,
    append: (more: string) => {
      content += more
    },
    rotate() {
      old = content
      content = ''
      id++
    },
    open,
  }
}

const line = (second: number, rest: string) =>
  `2026-05-01T12:00:${String(second).padStart(2, '0')}.000000000Z ${rest}\n`

const all: LogOptions = {
  follow: false,
  timestamps: false,
  tailLines: undefined,
  sinceMs: undefined,
  limitBytes: undefined,
  stream: undefined,
}

/** A clock that goes on as soon as it is asked to wait. */
const hurried = {
  now: () => 0,
  monotonicMs: () => 0,
  after(_: number, callback: () => void) {
    const timer = setImmediate(callback)
    return () => clearImmediate(timer)
  },
}

async function read(log: ReturnType<typeof logFile>, options: Partial<LogOptions>) {
  const pieces: string[] = []
  await readLog(
    { files: log.files, path: '/x', clock: hurried, isRunning: () => false },
    { ...all, ...options },
    piece => {
      pieces.push(text(piece))
    },
    new AbortController().signal,
  )
  return pieces.join('')
}

test('records are read, partial ones without a line end, junk not at all', () => {
  const record = parseLogRecord(bytes('2026-01-02T03:04:05.6Z stderr F hello  world '))
  assert.equal(record?.stream, 'stderr')
  assert.equal(text(record?.content), 'hello  world \n')
  assert.equal(text(parseLogRecord(bytes('2026-01-02T03:04:05Z stdout P half'))?.content), 'half')
  assert.equal(text(parseLogRecord(bytes('2026-01-02T03:04:05Z stdout F '))?.content), '\n')
  for (const junk of ['', 'x', 'a b c d', '2026-01-02T03:04:05Z other F x'])
    assert.equal(parseLogRecord(bytes(junk)), undefined)
  const splitter = new LineSplitter()
  assert.deepEqual(splitter.push(bytes('a\nb')).map(text), ['a'])
  assert.deepEqual(splitter.push(bytes('c\n\nd')).map(text), ['bc', ''])
})

test('tails, times, streams and limits', async () => {
  const log = logFile()
  log.append(
    line(1, 'stdout F one') +
      line(2, 'stderr F two') +
      line(3, 'stdout P thr') +
      line(3, 'stdout F ee'),
  )
  assert.equal(await read(log, {}), 'one\ntwo\nthree\n')
  assert.equal(await read(log, { tailLines: 0 }), '')
  assert.equal(await read(log, { tailLines: 3 }), 'two\nthree\n')
  assert.equal(await read(log, { stream: 'stderr' }), 'two\n')
  assert.equal(await read(log, { sinceMs: Date.parse('2026-05-01T12:00:02Z') }), 'two\nthree\n')
  assert.equal(await read(log, { limitBytes: 6 }), 'one\ntw')
  assert.equal(
    await read(log, { timestamps: true, tailLines: 2 }),
    '2026-05-01T12:00:03.000000000Z three\n',
  )
  assert.equal(await tailOfLog(log.files, '/x', 80, 7), 'o\nthree\n'.slice(-7))
})

test('the last lines are found across blocks', async () => {
  const log = logFile()
  const long = 'y'.repeat(70_000)
  log.append(`first\n${long}\n${long}\nlast\n`)
  const file = log.open()
  assert.equal(await offsetOfLastLines(file, 1), 6 + 2 * 70_001)
  assert.equal(await offsetOfLastLines(file, 3), 6)
  assert.equal(await offsetOfLastLines(file, 9), 0)
})

test('following goes on after a rotation and ends with the container', async () => {
  const log = logFile()
  log.append(line(1, 'stdout F one'))
  let running = true
  const seen: string[] = []
  const following = readLog(
    { files: log.files, path: '/x', clock: hurried, isRunning: () => running },
    { ...all, follow: true },
    piece => {
      seen.push(text(piece))
    },
    new AbortController().signal,
  )
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  await turns()
  log.append(line(2, 'stdout F two'))
  log.rotate()
  log.append(line(3, 'stdout F three'))
  await turns()
  log.append(line(4, 'stdout F four'))
  running = false
  await following
  assert.equal(seen.join(''), 'one\ntwo\nthree\nfour\n')
})
