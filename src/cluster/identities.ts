/** Who the roles are when they talk to the API in process: the names that RBAC's bootstrap policy knows. */
import { serviceAccountUser, type UserInfo } from '#apiserver/authentication/authenticator.ts'

const AUTHENTICATED = 'system:authenticated'
const MASTERS = 'system:masters'

const user = (name: string, ...groups: string[]): UserInfo =>
  Object.freeze({ name, groups: [...groups, AUTHENTICATED] })

const account = (name: string): UserInfo => Object.freeze(serviceAccountUser('kube-system', name))

export const identities = {
  /** Whoever holds the library's `cluster` value. */
  admin: user('kubernetes-admin', MASTERS),
  /** Fills the shared informers, which every role in the process reads. */
  cache: user('system:apiserver', MASTERS),
  controllerManager: user('system:kube-controller-manager'),
  cloudControllerManager: user('system:cloud-controller-manager'),
  scheduler: user('system:kube-scheduler'),
  proxy: user('system:kube-proxy', 'system:node-proxier'),
  dns: account('kube-dns'),
  /** A service account of kube-system, as which one of the controllers writes. */
  account,
  federation: user('system:federation-controller-manager', MASTERS),
  node: (name: string) => user(`system:node:${name}`, 'system:nodes'),
} as const
