/** Takes a cluster into the federation, and lets it go, as `kubefed join` and `unjoin` did. */
import { namespace as namespaceKind } from '#api/core/v1/namespace.ts'
import { secret as secretKind } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { Client } from '#client/client.ts'
import { MANAGER, SYSTEM_NAMESPACE } from '../names.ts'
import { accessBySecret, clusterProfile, MANAGER_LABEL } from './cluster-profile.ts'
import { clusterProfileDefinition } from './definition.ts'
import { ensureDefinitions } from './ensure-definitions.ts'

export interface JoinOptions {
  readonly name: string
  /** With one context and all certificates and keys in it. */
  readonly kubeconfig: string
  readonly server: string
  readonly certificateAuthority?: string | undefined
  readonly labels?: Readonly<Record<string, string>>
}

const KUBECONFIG_KEY = 'kubeconfig'

/** Resolves when the host knows of it. Throws UserErrors. */
export async function join(client: Client, clock: Clock, options: JoinOptions): Promise<void> {
  const { name, kubeconfig, server, certificateAuthority, labels } = options
  const namespace = SYSTEM_NAMESPACE
  await client.create(namespaceKind, { metadata: { name: namespace } }).catch(unlessThere)
  await ensureDefinitions(client, [clusterProfileDefinition], clock)
  const profile = await client
    .create(clusterProfile, {
      metadata: { name, namespace, labels: { ...labels, [MANAGER_LABEL]: MANAGER } },
      spec: { displayName: name, clusterManager: { name: MANAGER } },
    } as object)
    .catch(error => {
      if (isStatus(error, 'AlreadyExists'))
        throw new UserError(`a cluster ${JSON.stringify(name)} has joined already; unjoin it first`)
      if (isStatus(error, 'Invalid')) throw new UserError(error.message)
      throw error
    })
  try {
    // It goes with its profile, also where that is deleted by hand.
    const owner = {
      apiVersion: 'multicluster.x-k8s.io/v1alpha1',
      kind: 'ClusterProfile',
      name,
      uid: profile.metadata.uid ?? '',
    }
    const data = { [KUBECONFIG_KEY]: Buffer.from(kubeconfig).toString('base64') }
    const secret = await client.create(secretKind, {
      metadata: { generateName: `${name}-`, namespace, ownerReferences: [owner] },
      data,
    })
    const reference = { name: secret.metadata.name ?? '', namespace, key: KUBECONFIG_KEY }
    const status = { accessProviders: [accessBySecret(server, certificateAuthority, reference)] }
    const at = { name, namespace }
    await client.patch(clusterProfile, at, 'merge', { status }, { subresource: 'status' })
  } catch (error) {
    await client.delete(clusterProfile, { name, namespace }).catch(() => {})
    throw error
  }
}

/** What was placed in the cluster stays there. Throws a UserError where there is no such cluster. */
export async function unjoin(client: Client, name: string): Promise<void> {
  const namespace = SYSTEM_NAMESPACE
  try {
    await client.delete(clusterProfile, { name, namespace })
  } catch (error) {
    if (isStatus(error, 'NotFound'))
      throw new UserError(`no cluster ${JSON.stringify(name)} has joined`)
    throw error
  }
}

function unlessThere(error: unknown): void {
  if (!isStatus(error, 'AlreadyExists')) throw error
}
