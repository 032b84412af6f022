/** Member clusters as SIG Multicluster describes them: `ClusterProfile` of the cluster inventory API (multicluster.x-k8s.io/v1alpha1). */
import { defineKind } from '#api/machinery/kind.ts'
import type { Condition, KubernetesObject } from '#api/machinery/metadata.ts'

export const clusterProfile = defineKind({
  group: 'multicluster.x-k8s.io',
  version: 'v1alpha1',
  kind: 'ClusterProfile',
  plural: 'clusterprofiles',
  scope: 'Namespaced',
  // The definition knows the schema; here objects only pass through.
  shape: { name: 'io.x-k8s.multicluster.v1alpha1.ClusterProfile', doc: '', fields: {} },
})

export interface ClusterProfile extends KubernetesObject {
  readonly spec: {
    readonly displayName?: string
    readonly clusterManager: { readonly name: string }
  }
  readonly status?: ClusterProfileStatus
}

export interface ClusterProfileStatus {
  readonly conditions?: readonly Condition[]
  readonly version?: { readonly kubernetes?: string }
  readonly properties?: readonly Property[]
  readonly accessProviders?: readonly AccessProvider[]
}

export interface Property {
  readonly name: string
  readonly value: string
  readonly lastObservedTime?: string
}

/** By which of several ways a cluster is reached; `cluster` is that of a kubeconfig. */
export interface AccessProvider {
  readonly name: string
  readonly cluster?: {
    readonly server: string
    readonly 'certificate-authority-data'?: string
    readonly extensions?: readonly { readonly name: string; readonly extension: unknown }[]
  }
}

/** The label by which profiles of several managers are told apart. */
export const MANAGER_LABEL = 'x-k8s.io/cluster-manager'
/** Of the inventory's credential plugin that reads a kubeconfig out of a Secret; what the federation does by itself, others do with that plugin. */
export const SECRET_READER = 'kubeconfig-secretreader'
/** The extension of a kubeconfig's cluster that a credential plugin is told. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec'

export interface SecretReference {
  readonly name: string
  readonly namespace?: string
  readonly key: string
  readonly context?: string
}

/** How a profile says that its cluster is reached by a kubeconfig in a Secret. */
export function accessBySecret(
  server: string,
  certificateAuthority: string | undefined,
  secret: SecretReference,
): AccessProvider {
  return {
    name: SECRET_READER,
    cluster: {
      server,
      ...(certificateAuthority === undefined
        ? {}
        : { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') }),
      extensions: [{ name: EXEC_EXTENSION, extension: secret }],
    },
  }
}

/** The Secret that a profile says, or undefined where it says none. */
export function secretOf(profile: ClusterProfile): SecretReference | undefined {
  const provider = profile.status?.accessProviders?.find(({ name }) => name === SECRET_READER)
  const extension = provider?.cluster?.extensions?.find(({ name }) => name === EXEC_EXTENSION)
  const { name, key, namespace, context } = (extension?.extension ?? {}) as Partial<SecretReference>
  if (typeof name !== 'string' || typeof key !== 'string') return undefined
  return {
    name,
    key,
    ...(typeof namespace === 'string' ? { namespace } : {}),
    ...(typeof context === 'string' ? { context } : {}),
  }
}
