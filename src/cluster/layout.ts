/** Where things are below a data directory. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

export interface Layout {
  readonly directory: string
  /** Keys and certificates. */
  readonly pki: string
  /** The store. */
  readonly state: string
  readonly adminKubeconfig: string
  /** Pods' volumes. */
  readonly kubelet: string
  /** Directories that claims of the class `standard` got. */
  readonly localPath: string
  readonly containerd: string
  readonly cniConfiguration: string
  readonly cniAddresses: string
  /**
   * Tells what one Proa made on the machine from what another made: `proa` for the usual data directory, else with a hash of its path.
   * Names the nftables table, the link and the CNI network; at most 15 letters, the limit of links.
   */
  readonly instance: string
}

/** Roles that `proa apiserver` writes a kubeconfig for, beside the administrator's: `scheduler.conf` and so on. */
export const ROLE_KUBECONFIGS = [
  'controller-manager',
  'cloud-controller-manager',
  'scheduler',
  'proxy',
  'dns',
  'kubelet',
] as const

export const SYSTEM_DATA_DIRECTORY = '/var/lib/proa'

export function layoutOf(directory: string): Layout {
  const below = (...parts: string[]) => join(directory, ...parts)
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 6)
  return {
    directory,
    pki: below('pki'),
    state: below('state'),
    adminKubeconfig: below('admin.conf'),
    kubelet: below('kubelet'),
    localPath: below('local-path'),
    containerd: below('containerd'),
    cniConfiguration: below('cni', 'net.d'),
    cniAddresses: below('cni', 'addresses'),
    instance: directory === SYSTEM_DATA_DIRECTORY ? 'proa' : `proa-${hash}`,
  }
}
