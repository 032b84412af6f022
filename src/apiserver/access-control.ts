/** Puts together who is who, who may do what and what must be true of writes, over reads of the API server's own caches. */
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { AdmissionStep } from './admission/admission.ts'
import { createAdmissionSteps } from './admission/steps.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import {
  bearerTokenAuthenticator,
  type StaticToken,
  staticTokens,
  type TokenVerifier,
} from './authentication/bearer-tokens.ts'
import { clientCertificateAuthenticator } from './authentication/client-certificates.ts'
import { type SigningKey, signingKeyOf } from './authentication/jwt.ts'
import {
  type ServiceAccountTokens,
  serviceAccountTokens,
  type TokenWorld,
} from './authentication/service-account-tokens.ts'
import { type Authorizer, unionAuthorizer } from './authorization/authorizer.ts'
import { nodeRules } from './authorization/bootstrap-system-roles.ts'
import { nodeAuthorizer, type PodsOnNode } from './authorization/node.ts'
import { type RbacView, rbacAuthorizer } from './authorization/rbac.ts'
import { superuserAuthorizer } from './authorization/superuser.ts'

/** Reads of the newest committed state. What they hand out is shared and must not be changed. */
export interface ObjectReads {
  get(group: string, plural: string, namespace: string, name: string): KubernetesObject | undefined
  /** All namespaces where `namespace` is ''. */
  list(group: string, plural: string, namespace: string): readonly KubernetesObject[]
}

export interface AccessControlOptions {
  readonly objects: ObjectReads
  /** An index over `list`, for clusters of many nodes; without it all pods are looked at. */
  readonly podsOnNode?: PodsOnNode
  readonly clock: Clock
  readonly random: Random
  /** PEM of the authorities whose client certificates make users; none turns certificates off. */
  readonly clientAuthorities: readonly string[]
  /** PEM of the keys of service account tokens: the first signs, all verify. */
  readonly serviceAccountKeys: readonly string[]
  readonly issuer?: string
  readonly staticTokens?: readonly StaticToken[]
}

export interface AccessControl {
  readonly authenticators: readonly Authenticator[]
  readonly authorizer: Authorizer
  readonly admission: readonly AdmissionStep[]
  readonly rbac: RbacView
  readonly tokens: ServiceAccountTokens
  /** For TokenReview. */
  readonly tokenVerifiers: readonly TokenVerifier[]
  readonly tokenWorld: TokenWorld
  /** For /openid/v1/jwks. */
  readonly signingKeys: readonly SigningKey[]
}

const RBAC = 'rbac.authorization.k8s.io'

export function createAccessControl(options: AccessControlOptions): AccessControl {
  const { objects, clock, random } = options
  const get = <T>(plural: string, namespace: string, name: string, group = '') =>
    objects.get(group, plural, namespace, name) as T | undefined
  const list = <T>(plural: string, namespace: string, group = '') =>
    objects.list(group, plural, namespace) as readonly unknown[] as readonly T[]

  const rbac: RbacView = {
    role: (namespace, name) => get<Role>('roles', namespace, name, RBAC),
    clusterRole: name => get<ClusterRole>('clusterroles', '', name, RBAC),
    roleBindings: namespace => list<RoleBinding>('rolebindings', namespace, RBAC),
    clusterRoleBindings: () => list<ClusterRoleBinding>('clusterrolebindings', '', RBAC),
  }
  const reads = {
    namespace: (name: string) => get<Namespace>('namespaces', '', name),
    node: (name: string) => get<Node>('nodes', '', name),
    pod: (namespace: string, name: string) => get<Pod>('pods', namespace, name),
    secret: (namespace: string, name: string) => get<KubernetesObject>('secrets', namespace, name),
    serviceAccount: (namespace: string, name: string) =>
      get<ServiceAccount>('serviceaccounts', namespace, name),
  }
  const podsOnNode: PodsOnNode =
    options.podsOnNode ?? (node => list<Pod>('pods', '').filter(pod => pod.spec.nodeName === node))
  // Who may do everything costs one look; nodes are many and their answer needs few pods; RBAC looks at every binding.
  const authorizer = unionAuthorizer([
    superuserAuthorizer,
    nodeAuthorizer(podsOnNode, nodeRules),
    rbacAuthorizer(rbac),
  ])
  const signingKeys = options.serviceAccountKeys.map(signingKeyOf)
  const tokens = serviceAccountTokens({
    keys: signingKeys,
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    clock,
    random,
    world: reads,
  })
  const tokenVerifiers: TokenVerifier[] = [tokens]
  if (options.staticTokens?.length) tokenVerifiers.push(staticTokens(options.staticTokens, tokens))
  return {
    authenticators: [
      clientCertificateAuthenticator({ authorities: options.clientAuthorities, clock }),
      bearerTokenAuthenticator(tokenVerifiers),
    ],
    authorizer,
    admission: createAdmissionSteps({ ...reads, rbac, authorizer, clock, random }),
    rbac,
    tokens,
    tokenVerifiers,
    tokenWorld: reads,
    signingKeys,
  }
}
