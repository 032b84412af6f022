/** What upstream counts about who acts as whom, under its names (kubernetes/apiserver, pkg/endpoints/filters/impersonation). */
import type { Clock } from '#base/clock.ts'
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'

export interface ImpersonationFigures {
  /** Of the clock that only goes forward. */
  begin(): number
  /** Of a whole request; `mode` is '' where it was refused. */
  attempted(began: number, mode: string, isAllowed: boolean): void
  /** Of one question to the authorizer. */
  asked(began: number, mode: string, isAllowed: boolean): void
  readonly source: FigureSource
}

const BOUNDS = exponentialBounds(0.001, 2, 15)

export function impersonationFigures(clock: Clock): ImpersonationFigures {
  const book = createFigureBook()
  const pair = (name: string, what: string) => {
    const labels = ['mode', 'decision']
    const total = book.counter(`${name}_total`, `How often ${what}.`, labels)
    const seconds = book.histogram(
      `${name}_duration_seconds`,
      `How long it took, each time ${what}.`,
      BOUNDS,
      labels,
    )
    return (began: number, mode: string, isAllowed: boolean) => {
      const values = [mode, isAllowed ? 'allowed' : 'denied']
      total.add(values)
      seconds.observe(values, (clock.monotonicMs() - began) / 1000)
    }
  }
  const prefix = 'apiserver_impersonation'
  return {
    begin: () => clock.monotonicMs(),
    attempted: pair(`${prefix}_attempts`, 'somebody wanted to act as somebody else'),
    asked: pair(`${prefix}_authorization_attempts`, 'it was asked whether somebody may'),
    source: book.source,
  }
}
