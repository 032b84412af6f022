import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socketOf } from './bus.ts'
import { encodeCall, MAXIMUM_MESSAGE_BYTES, MessageReader } from './message.ts'

const call = {
  destination: 'org.example',
  path: '/org/example',
  interface: 'org.example.Manager',
  member: 'Do',
  signature: 'ssiu',
  body: ['one', 'zwölf', -1, 4_000_000_000],
}

/** As the other side would read it; numbers are told as they were meant. */
const readBack = (bytes: Uint8Array) => new MessageReader().take(bytes)

test('what is written is read as it was meant', () => {
  const [read] = readBack(encodeCall(7, call))
  assert.equal(read?.type, 'call')
  assert.deepEqual(
    [read?.path, read?.interface, read?.member, read?.body],
    [call.path, call.interface, call.member, call.body],
  )
})

test('a message is known when all of it is there, and the next one begins behind it', () => {
  const bytes = Buffer.concat([encodeCall(1, call), encodeCall(2, { ...call, member: 'Next' })])
  const reader = new MessageReader()
  const members: string[] = []
  for (const byte of bytes)
    members.push(...reader.take(Buffer.of(byte)).map(({ member }) => member))
  assert.deepEqual(members, ['Do', 'Next'])
})

/** org.freedesktop.DBus.Properties.Get of InhibitDelayMaxUSec, answered with the variant t 30000000, most significant byte first. */
const BIG = Buffer.from(
  [
    ...['42020001', '00000010', '00000009', '0000000f'],
    ...['0501', '7500', '00000003', '08', '01', '67', '00', '01', '76', '00', '00'],
    ...['0174', '000000', '000000', '0000000001c9c380'],
  ].join(''),
  'hex',
)

test('the other byte order is read, too', () => {
  const [read] = readBack(BIG)
  assert.deepEqual([read?.type, read?.replyTo, read?.body], ['return', 3, [30_000_000n]])
})

test('a message that is too long is passed over, however it comes, and the next one is read', () => {
  const long = encodeCall(1, { ...call, signature: 's', body: ['x'.repeat(MAXIMUM_MESSAGE_BYTES)] })
  const bytes = Buffer.concat([long, long, encodeCall(2, { ...call, member: 'Next' })])
  for (const size of [7, 65_536, bytes.length]) {
    const reader = new MessageReader()
    const members: string[] = []
    for (let at = 0; at < bytes.length; at += size)
      members.push(...reader.take(bytes.subarray(at, at + size)).map(({ member }) => member))
    assert.deepEqual(members, ['Next'], String(size))
  }
})

test('what is no message, and what is far too long, ends the connection and not the process', () => {
  assert.throws(() => readBack(Buffer.alloc(16, 0x41)), /no message of D-Bus/)
  const long = encodeCall(1, call)
  long.writeUInt32LE(2 ** 31, 4)
  assert.throws(() => readBack(long), /too long/)
  // A text that says that it is longer than its message.
  const cut = encodeCall(1, { ...call, signature: 's', body: ['abc'] })
  cut.writeUInt32LE(4000, cut.length - 8)
  assert.throws(() => readBack(cut), RangeError)
})

test('addresses of a bus name their socket', () => {
  assert.equal(socketOf('unix:path=/run/dbus/a%20b,guid=12'), '/run/dbus/a b')
  assert.equal(socketOf('tcp:host=x;unix:guid=1,abstract=/tmp/x'), '\0/tmp/x')
  assert.throws(() => socketOf('tcp:host=x'), /names no socket/)
})
