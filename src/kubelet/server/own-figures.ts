/** `/metrics` and `/metrics/slis`: what the kubelet tells of itself. */
import { createFigureBook, type Figure, type FigureBook, figuresText } from '#base/figures.ts'
import { processFigures } from '../figures/process-figures.ts'
import { CONTAINER_NAME } from '../labels.ts'
import { type ClaimStats, claimFigures } from '../volumes/claim-stats.ts'
import type { ServerParts } from './server.ts'

/** As old as measures of directories are at most. */
const MAXIMUM_AGE_MS = 60_000

export async function ownFigures(parts: ServerParts): Promise<string> {
  const [process, logs, claims] = await Promise.all([
    processFigures(parts.context.options.hostAccess.files),
    logFigures(parts),
    claimStats(parts),
  ])
  const all = [
    ...parts.figures(),
    ...process,
    ...(logs.values.length > 0 ? [logs] : []),
    ...claimFigures(claims)(),
  ]
  return figuresText([() => all.toSorted((a, b) => (a.name < b.name ? -1 : 1))])
}

async function claimStats({ workers, volumes }: ServerParts): Promise<ClaimStats[]> {
  const pods = workers.all().filter(({ mode }) => mode === 'running')
  const all = await Promise.all(pods.map(({ pod }) => volumes.claimStats.of(pod)))
  return all.flat()
}

/** What the logs of running containers take. */
async function logFigures(parts: ServerParts): Promise<Figure> {
  const values: Figure['values'][number][] = []
  for (const worker of parts.workers.all()) {
    const { containers } = parts.cache.observe(worker.uid)
    const running = containers.filter(({ state }) => state === 'running')
    if (running.length === 0) continue
    const { logs } = await parts.usage.of(worker, [], MAXIMUM_AGE_MS)
    const { name: pod = '', namespace = '' } = worker.pod.metadata
    for (const { labels } of running) {
      const container = labels[CONTAINER_NAME] ?? ''
      const value = logs.get(container)?.bytes ?? 0
      values.push({ labels: { container, namespace, pod, uid: worker.uid }, value })
    }
  }
  return {
    name: 'kubelet_container_log_filesystem_used_bytes',
    help: 'Bytes that the logs of a container take',
    type: 'gauge',
    values,
  }
}

/** With the others of the process, so that whoever reads them knows when counting began. */
export async function withStart(parts: ServerParts, text: string): Promise<string> {
  const process = await processFigures(parts.context.options.hostAccess.files)
  const start = process.filter(({ name }) => name === 'process_start_time_seconds')
  return text + figuresText([() => start])
}

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
