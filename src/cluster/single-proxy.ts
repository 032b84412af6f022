/** The rules of a node as a process of their own: Services and, unless another program does it, network policies. */
import { hostname } from 'node:os'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ValuesOf } from '#cli'
import type { RoleContext, Running } from '#client/role.ts'
import { startNetworkPolicies, startPodRoutes } from '#network'
import { startProxy } from '#proxy'
import { dataDirectoryOf } from './data-directory.ts'
import { layoutOf } from './layout.ts'

/** Resolves once the first complete tables are in the kernel. */
export async function startSingleProxy(
  context: RoleContext,
  values: ValuesOf<'proxy'>,
): Promise<Running> {
  const { clusterCidr, dataDirectory, healthzBindAddress, metricsBindAddress } = values
  const nodeName = values.nodeName ?? hostname().toLowerCase()
  const { instance } = layoutOf(dataDirectoryOf(dataDirectory))
  const policies = values.networkPolicy
    ? startNetworkPolicies(context, { nodeName, instance })
    : undefined
  const routes = startPodRoutes(context, {
    nodeName,
    clusterCidr,
    instance,
    mode: values.podRoutes,
  })
  const stop = async () => {
    await routes.stop()
    await policies?.stop()
  }
  try {
    const proxy = await startProxy(context, {
      nodeName,
      clusterCidr,
      table: instance,
      healthzBindAddress,
      metricsBindAddress,
    })
    return {
      async stop() {
        await proxy.stop()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Policies may concern all pods of the cluster: of each is kept what rules are made from: of 5,000 usual ones 4 MB of 21. */
export function keepOfPods(object: KubernetesObject, { kind }: AnyKind): KubernetesObject {
  if (kind !== 'Pod') return object
  const { apiVersion, metadata, spec, status = {} } = object as Pod
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = metadata
  const portsOf = ({ name, ports }: { name: string; ports?: unknown }) => ({ name, ports })
  const { nodeName, hostNetwork, containers, initContainers = [] } = spec
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  const slim = {
    ...{ apiVersion, kind },
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp, labels },
    spec: {
      ...{ nodeName, hostNetwork },
      containers: containers.map(portsOf),
      initContainers: sidecars.map(each => ({ ...portsOf(each), restartPolicy: 'Always' })),
    },
    status: { phase: status.phase, podIP: status.podIP, podIPs: status.podIPs },
  }
  return slim as unknown as KubernetesObject
}
