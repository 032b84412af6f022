/** What upstream counts about webhooks that decide about rights, under its names (kubernetes/apiserver, pkg/authorization). */
import { createFigureBook, exponentialBounds, type FigureSource } from '#base/figures.ts'

export interface WebhookFigures {
  asked(name: string, result: string, seconds: number): void
  failedOpen(name: string, result: string): void
  matched(name: string, seconds: number): void
  excluded(name: string): void
  conditionFailed(name: string): void
  readonly source: FigureSource
}

const PREFIX = 'apiserver_authorization'
const TYPE = 'Webhook'
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const CONDITION_BOUNDS = [...exponentialBounds(0.001, 5, 3), 0.1, 0.2, 0.25]

export function webhookFigures(): WebhookFigures {
  const book = createFigureBook()
  const evaluations = book.counter(
    `${PREFIX}_webhook_evaluations_total`,
    'How often a webhook was asked, by what came of it.',
    ['name', 'result'],
  )
  const seconds = book.histogram(
    `${PREFIX}_webhook_duration_seconds`,
    'How long a webhook took to answer.',
    BOUNDS,
    ['name', 'result'],
  )
  const open = book.counter(
    `${PREFIX}_webhook_evaluations_fail_open_total`,
    'How often a webhook gave no answer and was passed over.',
    ['name', 'result'],
  )
  const errors = book.counter(
    `${PREFIX}_match_condition_evaluation_errors_total`,
    'How often a condition of a webhook could not be evaluated.',
    ['type', 'name'],
  )
  const exclusions = book.counter(
    `${PREFIX}_match_condition_exclusions_total`,
    'How often a webhook was not asked because of its conditions.',
    ['type', 'name'],
  )
  const conditions = book.histogram(
    `${PREFIX}_match_condition_evaluation_seconds`,
    'How long the conditions of a webhook took.',
    CONDITION_BOUNDS,
    ['type', 'name'],
  )
  return {
    asked(name, result, took) {
      evaluations.add([name, result])
      seconds.observe([name, result], took)
    },
    failedOpen: (name, result) => open.add([name, result]),
    matched: (name, took) => conditions.observe([TYPE, name], took),
    excluded: name => exclusions.add([TYPE, name]),
    conditionFailed: name => errors.add([TYPE, name]),
    source: book.source,
  }
}
