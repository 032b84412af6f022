import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { UserError } from '#base/errors.ts'
import { RotatedFile, type RotationOptions } from './rotated-file.ts'

let directory = ''
let now = 0
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'proa-rotated-'))
  now = Date.parse('2026-01-02T03:04:05.006Z')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const troubles: string[] = []
const open = (options: Partial<RotationOptions> = {}, path = join(directory, 'audit.log')) =>
  RotatedFile.open(
    path,
    { maximumBytes: 0, maximumAgeDays: 0, maximumBackups: 0, compress: false, ...options },
    { clock: { now: () => now }, trouble: message => void troubles.push(message) },
  )
const line = (text: string) => [Buffer.from(text), Buffer.from('\n')]
const read = (name = 'audit.log') => readFileSync(join(directory, name), 'utf8')

test('lines are kept in their order, whoever waits, in a file for its owner alone', async () => {
  const file = await open({}, join(directory, 'below', 'audit.log'))
  await Promise.all(['a', 'b', 'c'].map(text => file.write(line(text))))
  await file.close()
  assert.equal(read('below/audit.log'), 'a\nb\nc\n')
  assert.equal(statSync(join(directory, 'below', 'audit.log')).mode & 0o777, 0o600)
})

test('a file that is full gives way, under the name that lumberjack gives it', async () => {
  const file = await open({ maximumBytes: 10 })
  for (const text of ['1234', '5678', '9']) {
    await file.write(line(text))
    now += 1000
  }
  await file.close()
  assert.deepEqual(readdirSync(directory).sort(), [
    'audit-2026-01-02T03-04-07.006.log',
    'audit.log',
  ])
  assert.equal(read('audit-2026-01-02T03-04-07.006.log'), '1234\n5678\n')
  assert.equal(read(), '9\n')
})

test('what was there counts, and a line that is too large has a file of its own', async () => {
  writeFileSync(join(directory, 'audit.log'), '12345\n')
  const file = await open({ maximumBytes: 10 })
  await file.write(line('x'.repeat(50)))
  await file.write(line('y'))
  await file.close()
  // Both within a millisecond.
  assert.deepEqual(readdirSync(directory).sort(), [
    'audit-2026-01-02T03-04-05.006.log',
    'audit-2026-01-02T03-04-05.007.log',
    'audit.log',
  ])
  assert.equal(read(), 'y\n')
})

test('old files go by number and by age; others are left alone', async () => {
  const old = ['2025-01-01T00-00-00.000', '2026-01-01T00-00-00.000', '2026-01-02T00-00-00.000']
  for (const time of old) writeFileSync(join(directory, `audit-${time}.log`), 'old\n')
  for (const name of ['audit-of-mine.log', 'other-2025-01-01T00-00-00.000.log'])
    writeFileSync(join(directory, name), 'mine\n')
  await (await open({ maximumAgeDays: 10 })).close()
  assert.deepEqual(readdirSync(directory).sort(), [
    'audit-2026-01-01T00-00-00.000.log',
    'audit-2026-01-02T00-00-00.000.log',
    'audit-of-mine.log',
    'audit.log',
    'other-2025-01-01T00-00-00.000.log',
  ])
  await (await open({ maximumBackups: 1 })).close()
  assert.ok(!readdirSync(directory).includes('audit-2026-01-01T00-00-00.000.log'))
  assert.ok(readdirSync(directory).includes('audit-2026-01-02T00-00-00.000.log'))
})

test('old files are compressed', async () => {
  const file = await open({ maximumBytes: 4, compress: true, maximumBackups: 2 })
  for (const text of ['1', '22', '333', '4444']) {
    await file.write(line(text))
    now += 1000
  }
  await file.close()
  const packed = readdirSync(directory).filter(name => name.endsWith('.gz'))
  assert.equal(packed.length, 2)
  const texts = packed.map(name => gunzipSync(readFileSync(join(directory, name))).toString())
  assert.deepEqual(texts.sort(), ['22\n', '333\n'])
  assert.equal(read(), '4444\n')
  assert.deepEqual(troubles, [])
})

test('half a line that a killed writer left is ended, so that the next one can be read', async () => {
  appendFileSync(join(directory, 'audit.log'), '{"a":1}\n{"b":')
  const file = await open()
  await file.write(line('{"c":3}'))
  await file.close()
  assert.equal(read(), '{"a":1}\n{"b":\n{"c":3}\n')
})

test('what cannot be written is told to who waits, and the file goes on', async () => {
  const file = await open({}, '/dev/full')
  await assert.rejects(file.write(line('a')), /ENOSPC/)
  await assert.rejects(file.write(line('b')), /ENOSPC/)
  await file.close()
})

test('where nothing can be opened, a sentence says so', async () => {
  mkdirSync(join(directory, 'audit.log'))
  await assert.rejects(open(), (error: Error) => {
    assert.ok(error instanceof UserError)
    return /^ensureLogFile: /.test(error.message)
  })
})

test('a writer that is killed in the middle leaves whole lines, but for the last', async () => {
  const path = join(directory, 'audit.log')
  const script = `
    import { RotatedFile } from ${JSON.stringify(new URL('./rotated-file.ts', import.meta.url).href)}
    const options = { maximumBytes: 2_000_000, maximumAgeDays: 0, maximumBackups: 0, compress: false }
    const file = await RotatedFile.open(${JSON.stringify(path)}, options, { clock: { now: () => Date.now() }, trouble() {} })
    const text = 'x'.repeat(3000)
    for (let n = 0; ; n++) {
      const line = Buffer.from(JSON.stringify({ n, text }) + '\\n')
      const written = file.write([line])
      if (n % 50 === 0) await written
      if (n === 500) console.log('going')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  const file = await open()
  await file.write(line(JSON.stringify({ n: -1 })))
  await file.close()
  const numbers: number[] = []
  let torn = 0
  for (const name of readdirSync(directory).sort())
    for (const text of read(name).split('\n').slice(0, -1))
      try {
        numbers.push(JSON.parse(text).n)
      } catch {
        torn++
      }
  assert.ok(torn <= 1, `${torn} lines are torn`)
  assert.equal(numbers.pop(), -1)
  assert.deepEqual(numbers, [...numbers.keys()], 'none is missing, none is there twice')
  assert.ok(numbers.length >= 500)
})
