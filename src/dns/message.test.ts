import assert from 'node:assert/strict'
import { test } from 'node:test'
import packet from 'dns-packet'
import { createSeededRandom } from '#client/testing/manual-clock.ts'
import type { DnsRecord } from './answers.ts'
import { decodeQuery, encodeQuery, encodeReply, FLAG, type Query, RCODE } from './message.ts'

const asked = (name: string, more: Partial<packet.Packet> = {}): Query => {
  const bytes = packet.encode({ type: 'query', id: 7, questions: [{ type: 'A', name }], ...more })
  return decodeQuery(bytes) as Query
}
const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never
const reply = { flags: FLAG.AUTHORITATIVE, code: RCODE.NOERROR, ednsUdpBytes: 1232 }
const of = (bytes: Uint8Array) => packet.decode(Buffer.from(bytes))
const host = 'many.default.svc.cluster.local'
const addresses = Array.from({ length: 5000 }, (_, index): DnsRecord => {
  const data = `10.1.${index >> 8}.${index & 255}`
  return { type: 'A', name: host, ttl: 5, data }
})

test('each sort of record is read as it was written', () => {
  const answers: DnsRecord[] = [
    { type: 'CNAME', name: 'a.b.c', ttl: 5, data: 'b.c' },
    { type: 'A', name: 'b.c', ttl: 6, data: '10.0.0.1' },
    { type: 'AAAA', name: 'b.c', ttl: 7, data: 'fd00::1' },
    { type: 'SRV', name: 'x.c', ttl: 7, data: { priority: 0, weight: 9, port: 8, target: 'y.c' } },
    { type: 'PTR', name: '1.in-addr.arpa', ttl: 5, data: 'y.c' },
  ]
  const told = of(encodeReply(asked('a.b.c'), { ...reply, answers }, 512))
  assert.deepEqual(
    told.answers?.map(record => {
      const { type, name, ttl, data } = record as packet.StringAnswer
      return { type, name, ttl, data }
    }),
    answers,
  )
  const soa = { type: 'SOA', name: 'cluster.local', ttl: 5 } as const
  const none = of(encodeReply(asked('a.b.c'), { ...reply, authorities: [soa] }, 512))
  assert.equal(
    ((none.authorities ?? [])[0] as { data: packet.SoaData }).data.mname,
    'ns.dns.cluster.local',
  )
  assert.equal(none.flag_aa, true)
})

test('the target of a service is written whole, which other names may be short for', () => {
  const target = 'web.svc'
  const data = { priority: 0, weight: 9, port: 8, target }
  const answers: DnsRecord[] = [
    { type: 'SRV', name: '_http._tcp.web.svc', ttl: 5, data },
    { type: 'A', name: target, ttl: 5, data: '10.0.0.1' },
  ]
  const bytes = encodeReply(asked('_http._tcp.web.svc'), { ...reply, answers }, 512)
  const labels = Buffer.from('\x03web\x03svc\0', 'latin1')
  const inQuestion = Buffer.from(bytes).indexOf(labels)
  const inTarget = Buffer.from(bytes).indexOf(labels, inQuestion + 1)
  assert.ok(inQuestion > 0 && inTarget > inQuestion)
  assert.equal(Buffer.from(bytes).indexOf(labels, inTarget + 1), -1)
  assert.deepEqual(
    of(bytes).answers?.map(({ name }) => name),
    ['_http._tcp.web.svc', target],
  )
})

test('of too many records as many are told as fit, and that there are more', () => {
  for (const [limit, atLeast] of [
    [512, 28],
    [1232, 73],
    [65_535, 4000],
  ] as const) {
    const bytes = encodeReply(asked(host), { ...reply, answers: addresses }, limit)
    assert.ok(bytes.length <= limit, `${bytes.length} of ${limit}`)
    const told = of(bytes)
    assert.equal(told.flag_tc, true)
    assert.ok((told.answers?.length ?? 0) >= atLeast, `${told.answers?.length} in ${limit}`)
  }
  const answers = addresses.slice(0, 2)
  const cut = of(encodeReply(asked(host), { ...reply, answers, additionals: addresses }, 512))
  assert.equal(cut.flag_tc, false, 'what was not asked for may be missing')
})

test('who speaks EDNS is answered with it, and with no other version', () => {
  const query = asked(host, { additionals: [opt] })
  assert.deepEqual(query.edns, { version: 0, udpBytes: 4096 })
  const told = of(encodeReply(query, { ...reply, answers: addresses.slice(0, 1) }, 1232))
  assert.equal(((told.additionals ?? [])[0] as { udpPayloadSize: number }).udpPayloadSize, 1232)
  const refused = encodeReply(query, { ...reply, code: RCODE.BADVERS }, 512)
  const record = (of(refused).additionals?.[0] ?? {}) as { extendedRcode: number }
  assert.equal(record.extendedRcode, 1)
  assert.equal(of(encodeReply(asked(host), reply, 512)).additionals?.length, 0)
})

test('a name comes back byte by byte, and a dot within a label parts nothing', () => {
  const label = (...bytes: number[]) => [bytes.length, ...bytes]
  const name = [...label(0x61, 0x2e, 0x62), ...label(0xff, 0x00), 0]
  const bytes = Uint8Array.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1])
  const query = decodeQuery(bytes) as Query
  assert.equal(query.question?.name, 'a\\046b.\\255\\000')
  const told = encodeReply(query, reply, 512)
  assert.deepEqual([...told.subarray(12)], [...bytes.subarray(12)])
})

test('what is no question is told from what can not be read', () => {
  assert.equal(decodeQuery(Buffer.from('rubbish')), undefined)
  const whole = packet.encode({ type: 'query', id: 7, questions: [{ type: 'A', name: host }] })
  for (let length = 12; length < whole.length; length++)
    assert.equal(decodeQuery(whole.subarray(0, length))?.question, undefined, `${length}`)
  assert.equal(decodeQuery(packet.encode({ type: 'response', id: 7 })), undefined)
  assert.equal(asked(host, { additionals: [opt, opt] }).question, undefined)
  const pointing = Uint8Array.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])
  assert.equal(decodeQuery(pointing)?.question, undefined)
  const { integer } = createSeededRandom(1)
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from(whole)
    for (let changes = 1 + integer(4); changes > 0; changes--)
      bytes[integer(bytes.length)] = integer(256)
    const query = decodeQuery(bytes)
    if (query) encodeReply(query, { ...reply, answers: addresses.slice(0, 3) }, 512)
  }
})

test('a name that no message can hold is refused', () => {
  const name = `${'a'.repeat(64)}.example.org`
  assert.throws(() => encodeQuery(1, name, 'A'), /can not be written/)
  const query = of(encodeQuery(1, 'example.org.', 'AAAA'))
  assert.deepEqual(query.questions, [{ name: 'example.org', type: 'AAAA', class: 'IN' }])
})
