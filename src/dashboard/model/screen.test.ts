import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Screen } from './screen.ts'
import { paletteColour } from './screen-style.ts'

const textOf = (screen: Screen) =>
  screen.lines.map(line =>
    Array.from(line, cell => cell?.letter ?? ' ')
      .join('')
      .trimEnd(),
  )

function shown(text: string, columns = 10, rows = 4): string[] {
  const screen = new Screen(columns, rows)
  screen.write(text)
  return textOf(screen)
}

test('letters, line ends, and lines that are longer than the screen', () => {
  assert.deepEqual(shown('one\r\ntwo'), ['one', 'two', '', ''])
  assert.deepEqual(shown('abcdefghijkl'), ['abcdefghij', 'kl', '', ''])
  // The last column does not wrap by itself.
  assert.deepEqual(shown('abcdefghij\r\nx'), ['abcdefghij', 'x', '', ''])
  assert.deepEqual(shown('ab\bc\tz'), ['ac      z', '', '', ''])
})

test('what scrolls out is kept above', () => {
  const screen = new Screen(10, 2)
  screen.write('1\r\n2\r\n3\r\n4')
  assert.deepEqual(textOf(screen), ['3', '4'])
  assert.deepEqual(
    screen.history.map(line => line[0]?.letter),
    ['1', '2'],
  )
})

test('moves, erasing, insertion and deletion', () => {
  assert.deepEqual(shown('abc\x1b[2;3Hx\x1b[Ay\x1b[1Dz'), ['abcz', '  x', '', ''])
  assert.deepEqual(shown('abcdef\x1b[3D\x1b[K'), ['abc', '', '', ''])
  assert.deepEqual(shown('abcdef\x1b[4D\x1b[2P'), ['abef', '', '', ''])
  assert.deepEqual(shown('abc\x1b[1G\x1b[2@'), ['  abc', '', '', ''])
  assert.deepEqual(shown('a\r\nb\r\nc\x1b[2J\x1b[Hx'), ['x', '', '', ''])
  assert.deepEqual(shown('1\r\n2\r\n3\x1b[2;1H\x1b[L'), ['1', '', '2', '3'])
  assert.deepEqual(shown('1\r\n2\r\n3\x1b[1;1H\x1b[M'), ['2', '3', '', ''])
})

test('a scrolling region leaves the rest of the screen alone', () => {
  assert.deepEqual(shown('top\x1b[2;3r\x1b[2;1Ha\r\nb\r\nc'), ['top', 'b', 'c', ''])
})

test('editors have a screen of their own, and leave the first as it was', () => {
  const screen = new Screen(10, 3)
  screen.write('shell$ \x1b[?1049h\x1b[Hvim')
  assert.deepEqual(textOf(screen), ['vim', '', ''])
  screen.write('\x1b[?1049l')
  assert.deepEqual([textOf(screen)[0], screen.x], ['shell$', 7])
})

test('colours', () => {
  const screen = new Screen(10, 1)
  screen.write('\x1b[1;31ma\x1b[38;5;208mb\x1b[48;2;1;2;3mc\x1b[0md')
  assert.deepEqual(
    screen.lines[0]?.map(cell => cell?.style),
    [
      { isBold: true, colour: 1 },
      { isBold: true, colour: 208 },
      { isBold: true, colour: 208, background: '#010203' },
      {},
    ],
  )
  assert.equal(paletteColour(208), '#ff8700')
  assert.equal(paletteColour(3), undefined)
})

test('a program may ask where the cursor is; titles are not shown', () => {
  const answers: string[] = []
  const screen = new Screen(10, 3, text => answers.push(text))
  screen.write('\x1b]0;title\x07ab\r\nc\x1b[6n')
  assert.deepEqual(answers, ['\x1b[2;2R'])
  assert.equal(textOf(screen)[0], 'ab')
})

test('whatever is written, the screen keeps its size and the pieces do not matter', () => {
  const piece = fc.constantFrom(
    'a',
    'é',
    '\n',
    '\r',
    '\b',
    '\t',
    '\x1b[',
    '5',
    ';',
    'H',
    'J',
    'K',
    'L',
    'M',
    '\x1b[3;9r',
    '\x1b[?1049h',
    '\x1b[?1049l',
    '\x1bM',
    '\x1b]',
    '\x07',
    'm',
    '@',
    'P',
    'S',
    'T',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 80 }),
      fc.nat(20),
      fc.nat(10),
      (pieces, columns, rows) => {
        const whole = new Screen(8, 5)
        whole.write(pieces.join(''))
        const parted = new Screen(8, 5)
        for (const each of pieces) for (const letter of each) parted.write(letter)
        assert.deepEqual(textOf(parted), textOf(whole))
        whole.resize(columns + 1, rows + 1)
        assert.equal(whole.lines.length, rows + 1)
        assert.ok(whole.x >= 0 && whole.x <= columns && whole.y >= 0 && whole.y <= rows)
      },
    ),
  )
})

test('marks on one letter have an end', () => {
  const screen = new Screen(10, 2)
  screen.write(`e${'\u0301'.repeat(1000)}x`)
  assert.ok((screen.lines[0]?.[0]?.letter.length ?? 0) <= 16)
  assert.equal(screen.lines[0]?.[1]?.letter, 'x')
})
