/** What upstream counts about who may do what, under its names (kubernetes/apiserver, pkg/authorization/metrics and pkg/endpoints/filters). */
import type { Clock } from '#base/clock.ts'
import {
  createFigureBook,
  exponentialBounds,
  type Figure,
  type FigureSource,
} from '#base/figures.ts'
import type { Authorizer, Decision } from './authorizer.ts'

export interface AuthorizationFigures {
  /** The same authorizer, whose decisions are counted under its type and name. */
  counted(type: string, name: string, authorizer: Authorizer): Authorizer
  /** Of a whole request. */
  attempted(began: number, decision: Decision): void
  /** Of the clock that only goes forward. */
  begin(): number
  readonly source: FigureSource
}

const BOUNDS = exponentialBounds(0.001, 2, 15)
const RESULTS = { allow: 'allowed', deny: 'denied', noOpinion: 'no-opinion' } as const

interface Tally {
  readonly type: string
  readonly name: string
  allowed: number
  denied: number
}

export function authorizationFigures(clock: Clock): AuthorizationFigures {
  const book = createFigureBook()
  // Roles in the process ask thousands of times a second: what is counted of that is a number of each authorizer.
  const tallies: Tally[] = []
  const attempts = book.counter(
    'authorization_attempts_total',
    'How many requests were judged, by what came of it.',
    ['result'],
  )
  const seconds = book.histogram(
    'authorization_duration_seconds',
    'How long it took to judge a request.',
    BOUNDS,
    ['result'],
  )
  return {
    counted(type, name, authorizer) {
      // One that takes the place of another of its name goes on counting.
      const known = tallies.find(each => each.type === type && each.name === name)
      const tally = known ?? { type, name, allowed: 0, denied: 0 }
      if (!known) tallies.push(tally)
      const count = (decision: Decision) => {
        if (decision.verdict === 'allow') tally.allowed++
        else if (decision.verdict === 'deny') tally.denied++
        return decision
      }
      return {
        authorize(attributes) {
          const decision = authorizer.authorize(attributes)
          return decision instanceof Promise ? decision.then(count) : count(decision)
        },
        rulesFor: (user, namespace) => authorizer.rulesFor(user, namespace),
      }
    },
    begin: () => clock.monotonicMs(),
    attempted(began, { verdict, error }) {
      const result = error !== undefined && verdict !== 'allow' ? 'error' : RESULTS[verdict]
      attempts.add([result])
      seconds.observe([result], (clock.monotonicMs() - began) / 1000)
    },
    source: () => [decisionsIn(tallies), ...book.source()],
  }
}

function decisionsIn(tallies: readonly Tally[]): Figure {
  const values = tallies.flatMap(({ type, name, ...counts }) =>
    Object.entries(counts).flatMap(([decision, value]) =>
      value === 0 ? [] : [{ labels: { type, name, decision }, value }],
    ),
  )
  return {
    name: 'apiserver_authorization_decisions_total',
    help: 'How often an authorizer allowed or denied.',
    type: 'counter',
    values,
  }
}
