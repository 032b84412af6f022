/** `/metrics` and `/metrics/slis`: what the kubelet tells of itself. */
import { type Figure, figuresText } from '#base/figures.ts'
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
