/** Puts the roles together in one process: store, API server, controllers, scheduler, nodes. */

import { kinds } from '#api/kinds.ts'
import { createApiServer } from '#apiserver'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import type { Client } from '#client/client.ts'
import { createInformers } from '#client/informers.ts'
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import { startControllers } from '#controllers'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startScheduler } from '#scheduler'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { type RunningNode, startHollowNodes } from './hollow-nodes.ts'
import { identities } from './identities.ts'
import {
  type ClusterOptions,
  type CompleteOptions,
  DEFAULT_CLUSTER_CIDR,
  DEFAULT_DOMAIN,
  DEFAULT_SERVICE_RANGE,
  type HollowMachine,
} from './options.ts'

/** A running cluster. */
export interface Cluster extends AsyncDisposable {
  /** Talks to the API as the administrator. */
  readonly client: Client
  /** The administrator's way in for programs that speak the protocol themselves. */
  readonly transport: Transport
  /** `https://127.0.0.1:6443`, where the cluster listens. */
  readonly url: string | undefined
  /** The text of the administrator's kubeconfig, where the cluster listens. */
  readonly kubeconfig: string | undefined
  readonly nodeNames: readonly string[]
  /** Ends everything that the cluster started; a second call waits for the first. */
  stop(): Promise<void>
}

export type StartOptions = ClusterOptions & { readonly hollowMachine: HollowMachine }

export async function startCluster(given: StartOptions): Promise<Cluster> {
  const options = complete(given)
  const { clock, random, log } = options
  const store = createMemoryStore({ clock, log })
  const running: Running[] = [{ stop: () => store.close() }]
  const stop = once(async () => {
    for (const part of running.reverse()) await part.stop()
  })
  try {
    const nodes = new Map<string, RunningNode>()
    const server = createApiServer({ store, kinds, clock, random, log })
    running.push(server)
    await server.ready()
    const informers = createInformers(createClient(server.transportFor(identities.cache)), {
      clock,
      log,
      random,
    })
    running.push({ stop: async () => informers.stop() })
    const contextFor = (user: (typeof identities)['admin']): RoleContext => ({
      client: createClient(server.transportFor(user)),
      informers,
      clock,
      random,
      log,
    })
    running.push(
      startControllers(contextFor(identities.controllerManager), {
        enabled: options.controllers,
        clusterCidr: options.clusterCidr,
      }),
    )
    running.push(startScheduler(contextFor(identities.scheduler)))
    if (options.nodes.kind === 'hollow')
      for (const node of startHollowNodes(options.nodes.count, options, name =>
        contextFor(identities.node(name)),
      )) {
        nodes.set(node.name, node)
        running.push(node)
      }
    const transport = server.transportFor(identities.admin)
    return {
      client: createClient(transport),
      transport,
      url: undefined,
      kubeconfig: undefined,
      nodeNames: [...nodes.keys()],
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function complete(given: StartOptions): CompleteOptions {
  return {
    nodes: { kind: 'hollow', count: 1 },
    serviceClusterIpRange: DEFAULT_SERVICE_RANGE,
    clusterCidr: DEFAULT_CLUSTER_CIDR,
    clusterDomain: DEFAULT_DOMAIN,
    controllers: '*',
    log: silentLog,
    clock: systemClock,
    random: systemRandom,
    ...given,
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= act()
    return done
  }
}
