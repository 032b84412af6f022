import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestClock } from '../testing.ts'
import { noCounts } from './counts.ts'
import { handOf } from './hand.ts'
import { QueueSet, type Ticket, type Work } from './queue-set.ts'

const one: Work = { seats: 1, lastSeats: 0, lastMs: 0 }

/** Serves each for `serviceMs` until the time is over, and counts by flow who was served. */
function serve(
  clock: TestClock,
  set: QueueSet,
  flows: readonly {
    readonly hand: readonly number[]
    readonly atOnce: number
    readonly work?: Work
  }[],
  { serviceMs, untilMs }: { serviceMs: number; untilMs: number },
): number[] {
  const served = flows.map(() => 0)
  const over = clock.monotonicMs() + untilMs
  const ask = (at: number): void => {
    const flow = flows[at]
    if (!flow || clock.monotonicMs() >= over) return
    const ticket = set.enter(noCounts(), flow.work ?? one, () => flow.hand)
    if (typeof ticket === 'string') return void clock.after(serviceMs, () => ask(at))
    const run = () => {
      clock.after(serviceMs, () => {
        served[at] = (served[at] ?? 0) + 1
        ticket.finish()
        ask(at)
      })
    }
    if (ticket.isRunning) run()
    else ticket.onTurn = run
  }
  flows.forEach(({ atOnce }, at) => {
    for (let i = 0; i < atOnce; i++) ask(at)
  })
  clock.advance(untilMs)
  return served
}

test('a flow that asks for much does not starve one that asks for little', () => {
  const clock = new TestClock()
  const set = new QueueSet(clock, {
    seats: 4,
    queuing: { queues: 8, handSize: 1, queueLength: 50 },
  })
  const [elephant = 0, mouse = 0] = serve(
    clock,
    set,
    [
      { hand: [0], atOnce: 40 },
      { hand: [1], atOnce: 2 },
    ],
    { serviceMs: 10, untilMs: 10_000 },
  )
  assert.ok(elephant + mouse > 3900, 'no seat is left empty')
  // Alone it would be served 2,000 times; first come, first served would leave it less than 200.
  assert.ok(mouse > 1_500, `${mouse}`)
})

test('flows that all ask for more than their part get the same, whatever their requests weigh', () => {
  const clock = new TestClock()
  const set = new QueueSet(clock, {
    seats: 6,
    queuing: { queues: 8, handSize: 1, queueLength: 50 },
  })
  const [narrow = 0, wide = 0] = serve(
    clock,
    set,
    [
      { hand: [0], atOnce: 20 },
      { hand: [1], atOnce: 20, work: { ...one, seats: 3 } },
    ],
    { serviceMs: 10, untilMs: 20_000 },
  )
  const ratio = narrow / wide
  assert.ok(ratio > 2.4 && ratio < 3.6, `${narrow} of one seat, ${wide} of three`)
})

for (const [before, atOnce] of [
  ['did nothing', 0],
  ['asked for little', 1],
] as const)
  test(`a flow that ${before} for a while has nothing saved up`, () => {
    const clock = new TestClock()
    const set = new QueueSet(clock, {
      seats: 4,
      queuing: { queues: 8, handSize: 1, queueLength: 50 },
    })
    const times = { serviceMs: 10, untilMs: 20_000 }
    const busy = { hand: [0], atOnce: 40 }
    serve(clock, set, [busy, { hand: [1], atOnce }], times)
    // Those of before are still served, and not counted.
    const [first = 0, second = 0] = serve(
      clock,
      set,
      [
        { ...busy, atOnce: 10 },
        { hand: [1], atOnce: 40 },
      ],
      { ...times, untilMs: 2_000 },
    )
    const part = second / (first + second)
    assert.ok(part > 0.4 && part < 0.6, `${first} and ${second}`)
  })

test('without queues there is a seat or none; whom nothing limits always has one', () => {
  const clock = new TestClock()
  const set = new QueueSet(clock, { seats: 2, queuing: undefined })
  const counts = noCounts()
  const enter = () => set.enter(counts, one, () => assert.fail('there is no hand'))
  const first = enter() as Ticket
  assert.ok(first.isRunning && (enter() as Ticket).isRunning)
  assert.equal(enter(), 'concurrency-limit')
  first.finish()
  first.finish()
  assert.ok((enter() as Ticket).isRunning)
  assert.equal(enter(), 'concurrency-limit')
  assert.deepEqual([...counts.refused], [['concurrency-limit', 2]])
  assert.equal(counts.dispatched, 3)
  const exempt = new QueueSet(clock, { seats: Number.POSITIVE_INFINITY, queuing: undefined })
  for (let i = 0; i < 1000; i++) assert.ok(typeof exempt.enter(counts, one, () => []) !== 'string')
})

test('seats are kept a while where others have to be told', () => {
  const clock = new TestClock()
  const set = new QueueSet(clock, { seats: 3, queuing: { queues: 1, handSize: 1, queueLength: 5 } })
  const enter = (work: Work) => set.enter(noCounts(), work, () => [0]) as Ticket
  const wide = enter({ seats: 1, lastSeats: 3, lastMs: 20 })
  const next = enter(one)
  assert.ok(wide.isRunning && !next.isRunning)
  wide.finish()
  clock.advance(19)
  assert.ok(!next.isRunning)
  clock.advance(1)
  assert.ok(next.isRunning)
  const tooWide = enter({ ...one, seats: 9 })
  assert.ok(!tooWide.isRunning)
  next.finish()
  assert.ok(tooWide.isRunning, 'alone it may have more than there are')
})

test('hands hold different queues, are always the same for a flow, and seldom those of another', () => {
  const hands = new Set<string>()
  for (let flow = 0; flow < 200; flow++) {
    const hand = handOf(`flow-${flow}`, 64, 6)
    assert.deepEqual(handOf(`flow-${flow}`, 64, 6), hand)
    assert.equal(new Set(hand).size, 6)
    assert.ok(hand.every(queue => queue >= 0 && queue < 64))
    hands.add([...hand].sort((a, b) => a - b).join())
  }
  assert.equal(hands.size, 200)
  assert.deepEqual([...handOf('x', 3, 3)].sort(), [0, 1, 2])
})
