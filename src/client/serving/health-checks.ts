/** Whether a server is well: what /healthz, /livez and /readyz say, in upstream's text form, and what came of the checks. */
import { createFigureBook, type FigureSource, type Sample } from '#base/figures.ts'

export interface HealthCheck {
  readonly name: string
  isGood(): boolean | Promise<boolean>
  /** Why it is not good, where whoever asks for this check alone is told. */
  reason?(): Promise<string | undefined>
}

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz'

export interface HealthQuestion {
  readonly endpoint: HealthEndpoint
  /** Of one check; empty for all of them. */
  readonly name: string
  /** `verbose`, `exclude=NAME`. */
  readonly query: URLSearchParams
}

export interface HealthAnswer {
  readonly status: number
  readonly text: string
}

export interface Health {
  answer(question: HealthQuestion, checks: readonly HealthCheck[]): Promise<HealthAnswer>
  /** What the checks said so far, as /metrics/slis shows it. */
  readonly figures: FigureSource
}

/** Stands in where there is nothing else to check. */
export const ping: HealthCheck = { name: 'ping', isGood: () => true }

export function createHealth(): Health {
  const book = createFigureBook()
  const latest = new Map<string, Sample>()
  book.gauge('kubernetes_healthcheck', 'What each check said last.', () => [...latest.values()])
  const total = book.counter('kubernetes_healthchecks_total', 'What each check said.', [
    'name',
    'type',
    'status',
  ])
  const isGood = async (endpoint: string, check: HealthCheck): Promise<boolean> => {
    const { name } = check
    const good = await check.isGood()
    total.add([name, endpoint, good ? 'success' : 'error'])
    const labels = { name, type: endpoint }
    latest.set(`${endpoint} ${name}`, { labels, value: good ? 1 : 0 })
    return good
  }
  return {
    figures: book.source,
    async answer(question, checks) {
      const { endpoint, name } = question
      const all = checks.length > 0 ? checks : [ping]
      if (name === '') return together(question, all, check => isGood(endpoint, check))
      const check = all.find(each => each.name === name)
      if (!check) return { status: 404, text: '404 page not found\n' }
      if (await check.isGood()) return { status: 200, text: 'ok' }
      const reason = (await check.reason?.()) ?? 'not ready'
      return { status: 500, text: `internal server error: ${reason}\n` }
    },
  }
}

async function together(
  { endpoint, query }: HealthQuestion,
  all: readonly HealthCheck[],
  isGood: (check: HealthCheck) => Promise<boolean>,
): Promise<HealthAnswer> {
  const excluded = new Set(query.getAll('exclude'))
  const lines: string[] = []
  let isWell = true
  for (const check of all) {
    if (excluded.has(check.name)) lines.push(`[+]${check.name} excluded: ok`)
    else if (await isGood(check)) lines.push(`[+]${check.name} ok`)
    else {
      isWell = false
      lines.push(`[-]${check.name} failed: reason withheld`)
    }
  }
  const unknown = [...excluded].filter(name => !all.some(check => check.name === name))
  if (unknown.length > 0) {
    const names = unknown.toSorted().map(name => JSON.stringify(name))
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`)
  }
  if (isWell && !query.has('verbose')) return { status: 200, text: 'ok' }
  lines.push(`${endpoint} check ${isWell ? 'passed' : 'failed'}`)
  return { status: isWell ? 200 : 500, text: `${lines.join('\n')}\n` }
}
