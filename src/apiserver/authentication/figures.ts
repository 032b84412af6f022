/** What upstream counts about who comes in, under its names (kubernetes/apiserver, pkg/endpoints/filters and pkg/authentication/token/cache). */
import type { Clock } from '#base/clock.ts'
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'
import type { UserInfo } from './authenticator.ts'

export interface AuthenticationFigures {
  /** Of the clock that only goes forward. */
  begin(): number
  end(began: number, result: 'success' | 'failure' | 'error', user?: UserInfo): void
  readonly source: FigureSource
}

const BOUNDS = exponentialBounds(0.001, 2, 15)

export function authenticationFigures(clock: Clock): AuthenticationFigures {
  const book = createFigureBook()
  const users = book.counter(
    'authenticated_user_requests',
    'How many requests came from whom; names are told by their sort.',
    ['username'],
  )
  const attempts = book.counter(
    'authentication_attempts',
    'How many requests were let in or not.',
    ['result'],
  )
  const seconds = book.histogram(
    'authentication_duration_seconds',
    'How long it took to find out who asks.',
    BOUNDS,
    ['result'],
  )
  return {
    begin: () => clock.monotonicMs(),
    end(began, result, user) {
      if (user) users.add([sortOf(user.name)])
      attempts.add([result])
      seconds.observe([result], (clock.monotonicMs() - began) / 1000)
    },
    source: book.source,
  }
}

const KNOWN = new Set(['admin', 'client', 'kube_proxy'])

/** Names are without number; these few sorts are upstream's. */
function sortOf(name: string): string {
  if (KNOWN.has(name)) return name
  return name.includes('@') ? 'email_id' : 'other'
}
