import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeptLines, shownLine } from './kept-lines.ts'
import { createLineReader } from './lines.ts'
import { LogFollower } from './log-stamps.ts'

test('lines are whole, wherever the pieces of their bytes begin', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.nat(9), { minLength: 1 }),
      (text, sizes) => {
        const bytes = new TextEncoder().encode(text)
        const reader = createLineReader()
        const lines: string[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = 1 + (sizes[turn % sizes.length] ?? 0)
          lines.push(...reader.push(bytes.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual([...lines, reader.rest()], text.split('\n'))
      },
    ),
  )
})

test('a line without an end is given in parts, so that it fills no memory', () => {
  const reader = createLineReader(10)
  assert.deepEqual(reader.push(new TextEncoder().encode('a'.repeat(25))), [
    'a'.repeat(10),
    'a'.repeat(10),
  ])
  assert.equal(reader.rest(), 'aaaaa')
})

test('no more than the last lines are kept', () => {
  const kept = new KeptLines(100)
  for (let at = 0; at < 1000; at++) kept.add([`line ${at}`])
  assert.ok(kept.all.length <= 110)
  assert.equal(kept.dropped + kept.all.length, 1000)
  assert.equal(kept.all.at(-1), 'line 999')
  assert.deepEqual(kept.matching('LINE 999'), ['line 999'])
})

test('what is not drawn is not kept for that, and all is drawn anew where some of it went', () => {
  const kept = new KeptLines(100)
  kept.add(['a', 'b'])
  assert.deepEqual(kept.takeUndrawn(), ['a', 'b'])
  assert.deepEqual(kept.takeUndrawn(), [])
  kept.add(['c'])
  kept.add(['d'])
  assert.deepEqual(kept.takeUndrawn(), ['c', 'd'])
  for (let at = 0; at < 1000; at++) kept.add([`line ${at}`])
  assert.ok(kept.all.length <= 110)
  assert.equal(kept.takeUndrawn(), undefined)
  kept.add(['e'])
  assert.deepEqual(kept.takeUndrawn(), ['e'])
  kept.clear()
  kept.add(['f'])
  assert.equal(kept.takeUndrawn(), undefined)
})

test('escape sequences and controls are not drawn, long lines are cut', () => {
  assert.equal(shownLine('\x1b[31mred\x1b[0m\r'), 'red')
  assert.equal(shownLine('\x1b]0;a title\x07text'), 'text')
  assert.equal(shownLine('a\x00b'), 'a�b')
  assert.match(shownLine('x'.repeat(10_000)), /… \(1808 more characters\)$/)
})

test('a log that is read on repeats nothing and loses nothing', () => {
  const follower = new LogFollower(false)
  assert.deepEqual(follower.take(['2026-01-01T00:00:01.5Z one', '2026-01-01T00:00:01.5Z two']), [
    'one',
    'two',
  ])
  assert.equal(follower.last, '2026-01-01T00:00:01.5Z')
  // Asked again from that second on: what was there, another of the same instant, and one that is later though its text sorts before.
  assert.deepEqual(
    follower.take([
      '2026-01-01T00:00:01.1Z before',
      '2026-01-01T00:00:01.5Z two',
      '2026-01-01T00:00:01.5Z three',
      '2026-01-01T00:00:01.55Z four',
    ]),
    ['three', 'four'],
  )
  assert.deepEqual(new LogFollower(true).take(['2026-01-01T00:00:01Z x']), [
    '2026-01-01T00:00:01Z x',
  ])
})
