/** Whether a role that runs alone is well: /healthz, /livez and /readyz, in upstream's text form, and what came of the checks. */
import type { Sample } from '#base/figures.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import type { ApiResponse } from '#client/transport.ts'
import { notFound, textAnswer } from './answers.ts'

export interface HealthCheck {
  readonly name: string
  readonly isGood: () => boolean | Promise<boolean>
}

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz'
/** Asked at each request: a role has more checks once it works. */
export type HealthChecks = Readonly<Record<HealthEndpoint, () => readonly HealthCheck[]>>

/** Stands in where there is nothing else to check. */
export const ping: HealthCheck = { name: 'ping', isGood: () => true }

export interface Health {
  /** The answer at `/healthz`, `/readyz?verbose&exclude=NAME` or `/livez/NAME`. */
  answer(endpoint: HealthEndpoint, name: string, query: URLSearchParams): Promise<ApiResponse>
  /** What the checks said so far, as /metrics/slis shows it. */
  readonly figures: FigureBook
}

export function createHealth(checks: HealthChecks): Health {
  const figures = createFigureBook()
  const latest = new Map<string, Sample>()
  figures.gauge('kubernetes_healthcheck', 'What each check said last.', () => [...latest.values()])
  const total = figures.counter('kubernetes_healthchecks_total', 'What each check said.', [
    'name',
    'type',
    'status',
  ])
  const isGood = async (endpoint: string, { name, isGood }: HealthCheck): Promise<boolean> => {
    const good = await isGood()
    total.add([name, endpoint, good ? 'success' : 'error'])
    const labels = { name, type: endpoint }
    latest.set(`${endpoint} ${name}`, { labels, value: good ? 1 : 0 })
    return good
  }
  return {
    figures,
    async answer(endpoint, name, query) {
      const given = checks[endpoint]()
      const all = given.length > 0 ? given : [ping]
      if (name === '') return together(endpoint, all, query, check => isGood(endpoint, check))
      const check = all.find(each => each.name === name)
      if (!check) return notFound()
      return (await check.isGood())
        ? textAnswer(200, 'ok')
        : textAnswer(500, 'internal server error: not ready\n')
    },
  }
}

async function together(
  endpoint: string,
  all: readonly HealthCheck[],
  query: URLSearchParams,
  isGood: (check: HealthCheck) => Promise<boolean>,
): Promise<ApiResponse> {
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
  if (isWell && !query.has('verbose')) return textAnswer(200, 'ok')
  lines.push(`${endpoint} check ${isWell ? 'passed' : 'failed'}`)
  return textAnswer(isWell ? 200 : 500, `${lines.join('\n')}\n`)
}
