/**
 * The federation control plane: what is written to its API server is placed in member clusters, and how it is there is told back. The host itself runs
 * nothing of it (ADR 0021).
 */
import { customResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { RoleContext, Running } from '#client/role.ts'
import { followCustomKinds } from './custom-kinds.ts'
import { clusterProfileDefinition } from './inventory/definition.ts'
import { ensureDefinitions } from './inventory/ensure-definitions.ts'
import type { MemberConnection } from './inventory/member.ts'
import { Members } from './inventory/members.ts'
import { SYSTEM_NAMESPACE } from './names.ts'
import { definitionsOfHost } from './services/definitions.ts'
import { Services } from './services/services.ts'
import { Sync } from './sync/sync.ts'

export { type JoinOptions, join, unjoin } from './inventory/join.ts'
export type { MemberConnection } from './inventory/member.ts'

export interface FederationOptions {
  /** How often clusters are asked how they are: 40 s by default, as in Federation v1. */
  readonly monitorPeriodMs?: number
  /** How long a cluster that does not answer keeps its share: 60 s by default, as in Federation v1. */
  readonly unavailableDelayMs?: number
  /** Opens the way to a cluster that a kubeconfig describes; over HTTPS by default. */
  readonly connect?: (kubeconfig: string, context?: string) => Promise<MemberConnection>
  readonly figures?: FigureBook
}

export const DEFAULT_MONITOR_PERIOD_MS = 40_000
export const DEFAULT_UNAVAILABLE_DELAY_MS = 60_000
const RETRY_MS = 1_000

/** Starts at once, and goes on trying where the API server does not answer yet. */
export function startFederation(context: RoleContext, options: FederationOptions = {}): Running {
  const stopping = new AbortController()
  const aborted = new Promise<void>(resolve =>
    stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  const parts: Running[] = []
  const begin = async () => {
    const { client, informers, clock } = context
    const uid = await federationUid(context)
    const definitions = [clusterProfileDefinition, ...definitionsOfHost]
    await ensureDefinitions(client, definitions, clock, stopping.signal)
    if (stopping.signal.aborted) return
    const members: Members = new Members(context, {
      uid,
      connect: options.connect ?? ((text, name) => connectByHttps(context, text, name)),
      monitorPeriodMs: options.monitorPeriodMs ?? DEFAULT_MONITOR_PERIOD_MS,
      graceMs: options.unavailableDelayMs ?? DEFAULT_UNAVAILABLE_DELAY_MS,
      changed: (kind, copy) => sync.copyChanged(kind, copy),
      clustersChanged: () => {
        sync.wakeAll()
        services.clustersChanged()
      },
    })
    const figures = options.figures ?? createFigureBook()
    const sync: Sync = new Sync(context, { uid, members, figures })
    const services: Services = new Services(context, { uid, members, figures })
    parts.push(members, sync, services)
    // Where the API server does not answer, that may never be.
    await Promise.race([members.start(), aborted])
    if (stopping.signal.aborted) return
    sync.start()
    services.start()
    sync.follow({ kind: customResourceDefinition })
    const end = followCustomKinds(informers, {
      added: kind => sync.follow(kind),
      removed: kind => sync.unfollow(kind),
    })
    parts.push({ stop: async () => end() })
  }
  const beginning = (async () => {
    while (!stopping.signal.aborted) {
      try {
        return await begin()
      } catch (error) {
        if (stopping.signal.aborted) return
        context.log.warn('the federation cannot start yet', { error: messageOf(error) })
        await sleep(context.clock, RETRY_MS, stopping.signal).catch(() => {})
      }
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await beginning
      // Together: who waits for a cluster's answer is not to hold up the next leader.
      await Promise.all(parts.map(part => part.stop()))
    },
  }
}

/** Who this federation is, for as long as its host has the same data: what it placed is told by that from what others did. */
async function federationUid({ client }: RoleContext): Promise<string> {
  const metadata = { name: SYSTEM_NAMESPACE }
  const namespace = await client.create(namespaceKind, { metadata }).catch(error => {
    if (!isStatus(error, 'AlreadyExists')) throw error
    return client.get(namespaceKind, SYSTEM_NAMESPACE)
  })
  return namespace.metadata.uid ?? ''
}

async function connectByHttps(
  { clock }: RoleContext,
  kubeconfig: string,
  context?: string,
): Promise<MemberConnection> {
  const files = {
    read: (path: string) =>
      Promise.reject(new Error(`it names the file ${path}, and a Secret has none`)),
    resolve: (name: string) => name,
  }
  const connection = await connectionFromKubeconfig(kubeconfig, files, context)
  const transport = createHttpTransport(connection, { clock })
  return { transport, server: connection.server, close: () => transport.close() }
}
