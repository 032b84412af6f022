/** The resource metrics API as a small API server: its two kinds are answered like any others, from what was measured. */
import { type ApiServer, createApiServer, type SecurityOptions } from '#apiserver'
import type { FurtherCheck } from '#apiserver/endpoints/health.ts'
import type { FigureSource } from '#base/figures.ts'
import { PROA_VERSION } from '#base/version.ts'
import type { RoleContext } from '#client/role.ts'
import type { RunningMetricsServer } from '#metrics-server'
import { createMemoryStore } from '#store/memory/memory-store.ts'

export interface MetricsApiOptions {
  readonly context: RoleContext
  readonly running: Pick<RunningMetricsServer, 'resources'>
  /** Who may ask what; whoever hands requests on in this process has judged them already. */
  readonly security: SecurityOptions
  readonly figures: FigureSource
  readonly healthChecks?: readonly FurtherCheck[]
  readonly flags?: ReadonlyMap<string, string>
}

/** Nobody in this process asks more at once than the API server lets through. */
const LIMITS = { reads: 0, writes: 0, areShared: false }

export async function createMetricsApi(options: MetricsApiOptions): Promise<ApiServer> {
  const { context, running, security, figures, healthChecks, flags } = options
  const { clock, random, log } = context
  const server = createApiServer({
    ...security,
    store: createMemoryStore({ clock, log }),
    kinds: [...running.resources.keys()],
    virtual: running.resources,
    clock,
    random,
    log,
    proaVersion: PROA_VERSION,
    requestLimits: LIMITS,
    ...(healthChecks ? { healthChecks } : {}),
    ...(flags ? { flags } : {}),
  })
  server.show(figures)
  await server.ready()
  return server
}
