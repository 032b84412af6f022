/** How the kubelet is, and how often that was asked. */
import { createFigureBook, type Figure, type FigureBook, figuresText } from '#base/figures.ts'

/** What is looked at when somebody asks how the kubelet is. */
export const HEALTH_CHECKS = ['ping', 'log', 'syncloop'] as const

export class HealthFigures {
  readonly #book: FigureBook = createFigureBook()
  readonly #counter = this.#book.counter(
    'kubernetes_healthchecks_total',
    'How often it was looked at, and what was found',
    ['name', 'status', 'type'],
  )
  #wasAsked = false

  /** Somebody asked, and all was well. */
  asked(): void {
    this.#wasAsked = true
    for (const name of HEALTH_CHECKS) this.#counter.add([name, 'success', 'healthz'])
  }

  text(): string {
    const checks: Figure = {
      name: 'kubernetes_healthcheck',
      help: 'What was found the last time: 1 if it was well',
      type: 'gauge',
      values: HEALTH_CHECKS.map(name => ({ labels: { name, type: 'healthz' }, value: 1 })),
    }
    return this.#wasAsked ? figuresText([() => [checks], this.#book.source]) : ''
  }
}
