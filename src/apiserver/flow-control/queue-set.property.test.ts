/** Random lives of a level against what has to hold at every moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TestClock } from '../testing.ts'
import { noCounts } from './counts.ts'
import { handOf } from './hand.ts'
import { QueueSet, type Ticket, type Work } from './queue-set.ts'

const LIMIT = 5
const QUEUING = { queues: 4, handSize: 2, queueLength: 1 }

type Step =
  | { readonly do: 'enter'; readonly flow: number; readonly work: Work }
  | { readonly do: 'finish' | 'withdraw'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'limit'; readonly seats: number; readonly queues: number }

const works = fc
  .record({
    seats: fc.integer({ min: 1, max: 4 }),
    lastSeats: fc.integer({ min: 0, max: 6 }),
    lastMs: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ lastMs, ...rest }) => ({ ...rest, lastMs: rest.lastSeats > 0 ? lastMs : 0 }))
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('enter' as const), flow: fc.nat(5), work: works }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      seats: fc.integer({ min: 1, max: 8 }),
      queues: fc.integer({ min: 2, max: 6 }),
    }),
  },
)

interface Seen {
  readonly ticket: Ticket
  readonly flow: number
  readonly width: number
  hasTurn: boolean
  isOver: boolean
}

class Life {
  readonly clock = new TestClock()
  readonly counts = noCounts()
  readonly set = new QueueSet(this.clock, { seats: LIMIT, queuing: QUEUING })
  readonly seen: Seen[] = []
  /** Seats of those that were answered, until their time is over. */
  lingering: { readonly until: number; readonly seats: number }[] = []
  limit = LIMIT
  queues = QUEUING.queues
  refused = 0

  take(step: Step): void {
    if (step.do === 'enter') this.#enter(step)
    else if (step.do === 'pass') this.clock.advance(step.ms)
    else if (step.do === 'limit') {
      this.limit = step.seats
      this.queues = step.queues
      const queuing = { ...QUEUING, queues: step.queues }
      this.set.configure({ seats: step.seats, queuing })
    } else this.#leave(step.do, step.which)
  }

  #enter({ flow, work }: Extract<Step, { do: 'enter' }>): void {
    const hand = handOf(`${flow}`, this.queues, QUEUING.handSize)
    const answer = this.set.enter(this.counts, work, () => hand)
    if (typeof answer === 'string') {
      assert.equal(answer, 'queue-full')
      assert.ok(this.taken >= this.limit, 'nobody is refused while there is a seat')
      this.refused++
      return
    }
    const width = Math.max(work.seats, work.lastSeats)
    const seen = { ticket: answer, flow, width, hasTurn: answer.isRunning, isOver: false }
    this.seen.push(seen)
    answer.onTurn = () => {
      assert.ok(!seen.hasTurn && !seen.isOver, 'a turn comes once')
      seen.hasTurn = true
    }
  }

  #leave(how: 'finish' | 'withdraw', which: number): void {
    const all = this.seen.filter(({ isOver, hasTurn }) => !isOver && hasTurn === (how === 'finish'))
    const seen = all[which % Math.max(1, all.length)]
    if (!seen) return
    seen.isOver = true
    if (how === 'withdraw') seen.ticket.withdraw('time-out')
    else seen.ticket.finish()
  }

  get running(): Seen[] {
    return this.seen.filter(({ hasTurn, isOver }) => hasTurn && !isOver)
  }
  get waiting(): Seen[] {
    return this.seen.filter(({ hasTurn, isOver }) => !hasTurn && !isOver)
  }
  get taken(): number {
    return this.counts.runningSeats
  }
}

test('seats, turns and counts agree whatever happens, and nobody waits for ever', () => {
  let waited = 0
  let refused = 0
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), life => {
      const at = new Life()
      for (const step of life) {
        const before = at.running.length
        at.take(step)
        const widest = Math.max(0, ...at.running.map(({ width }) => width))
        const began = at.running.length > before
        // A limit that was lowered holds for those that begin afterwards.
        if (began) assert.ok(at.taken <= at.limit || widest > at.limit, 'more seats than there are')
        assert.equal(at.set.running, at.running.length)
        assert.equal(at.set.waiting, at.waiting.length)
        assert.equal(at.counts.waiting, at.waiting.length)
        assert.equal(
          at.counts.waitingSeats,
          at.waiting.reduce((sum, { width }) => sum + width, 0),
        )
        waited += at.waiting.length > 0 ? 1 : 0
      }
      refused += at.refused
      for (let rounds = 0; at.running.length + at.waiting.length > 0; rounds++) {
        assert.ok(rounds < 1000, 'somebody waits for ever')
        for (const seen of at.running) {
          seen.isOver = true
          seen.ticket.finish()
        }
        at.clock.advance(200)
      }
      at.clock.advance(200)
      assert.equal(at.counts.runningSeats, 0)
      assert.ok(at.set.isIdle)
    }),
    { numRuns: 300 },
  )
  assert.ok(waited > 1_000 && refused > 100, `${waited} ${refused}`)
})

test('requests of one queue begin in their order', () => {
  fc.assert(
    fc.property(fc.array(works, { minLength: 2, maxLength: 30 }), all => {
      const clock = new TestClock()
      const set = new QueueSet(clock, {
        seats: LIMIT,
        queuing: { queues: 1, handSize: 1, queueLength: 99 },
      })
      const begun: number[] = []
      const running: Ticket[] = []
      all.forEach((work, at) => {
        const ticket = set.enter(noCounts(), work, () => [0]) as Ticket
        const turn = () => {
          begun.push(at)
          running.push(ticket)
        }
        if (ticket.isRunning) turn()
        else ticket.onTurn = turn
      })
      while (running.length > 0) {
        running.shift()?.finish()
        clock.advance(50)
      }
      assert.deepEqual(begun, [...all.keys()])
    }),
  )
})
