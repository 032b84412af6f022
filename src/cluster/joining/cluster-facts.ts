/** What a machine that joins has to know of the cluster beside its certificates: a ConfigMap that `proa up` keeps. */
import { configMap } from '#api/core/v1/config-map.ts'
import { isStatus } from '#api/machinery/status.ts'
import { UserError } from '#base/errors.ts'
import type { Client } from '#client/client.ts'

const AT = { name: 'proa-cluster', namespace: 'kube-system' }
export const FACTS_NAME = AT.name

export interface ClusterFacts {
  /** Where other machines reach the API server, `https://192.168.1.5:6443`; '' where it listens on the loopback alone. */
  readonly server: string
  readonly clusterCidr: string
  readonly serviceClusterIpRange: string
  readonly clusterDomain: string
}

const KEYS = ['server', 'clusterCidr', 'serviceClusterIpRange', 'clusterDomain'] as const

/** Writes what is not so already. */
export async function publishFacts(client: Client, facts: ClusterFacts): Promise<void> {
  const data = Object.fromEntries(KEYS.map(key => [key, facts[key]]))
  try {
    const { data: kept = {} } = await client.get(configMap, AT.name, AT.namespace)
    if (KEYS.every(key => kept[key] === facts[key])) return
    await client.patch(configMap, AT, 'merge', { data })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    await client.create(configMap, { metadata: AT, data })
  }
}

/** Throws a UserError for a cluster that is not one of `proa up`. */
export async function readFacts(client: Pick<Client, 'get'>): Promise<ClusterFacts> {
  try {
    const { data = {} } = await client.get(configMap, AT.name, AT.namespace)
    return factsOf(data)
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    throw new UserError(
      `the cluster has no ConfigMap ${AT.namespace}/${AT.name}, which proa up keeps on a machine with containers; only such a cluster takes machines in`,
    )
  }
}

export function factsOf(data: Readonly<Record<string, string | undefined>>): ClusterFacts {
  const { server = '', clusterCidr, serviceClusterIpRange, clusterDomain } = data
  if (!clusterCidr || !serviceClusterIpRange || !clusterDomain)
    throw new UserError('what is known of the cluster is not whole; start proa up again there')
  return { server, clusterCidr, serviceClusterIpRange, clusterDomain }
}
