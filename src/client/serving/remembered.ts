/** What was asked a moment ago is not asked again; a question that failed is. */
import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'

export interface RememberedOptions {
  readonly clock: Clock
  readonly forMs: number
  /** So many answers are kept at most. */
  readonly limit?: number
}

const LIMIT = 1000

/** Questions may be secrets, such as tokens: they are not what is kept. */
export function createRemembered<T>(
  { clock, forMs, limit = LIMIT }: RememberedOptions,
  ask: (question: string) => Promise<T>,
): (question: string) => Promise<T> {
  const known = new Map<string, { answer: Promise<T>; untilMs: number }>()
  return question => {
    const key = createHash('sha256').update(question).digest('base64')
    const nowMs = clock.monotonicMs()
    const found = known.get(key)
    if (found && found.untilMs > nowMs) return found.answer
    if (known.size >= limit) known.clear()
    const answer = ask(question)
    known.set(key, { answer, untilMs: nowMs + forMs })
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key)
    })
    return answer
  }
}
