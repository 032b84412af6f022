/**
 * The room's door: one node. Desired pods come from the API, observed ones from the runtime; a
 * worker for each pod brings them together. The same code runs containers on this machine and
 * hollow nodes in memory; only runtime and host access differ.
 */
import type { RoleContext, Running } from '#client/role.ts'
import type { Transport } from '#client/transport.ts'
import type { DivisionParts, DivisionWanted } from './division/division.ts'
import type { HostAccess } from './host-access.ts'
import { createKubelet } from './kubelet-core.ts'
import { type KubeletOptions, withDefaults } from './options.ts'
import type { KubeletHttpsOptions } from './server/https.ts'

export type { CertificateRotation } from './certificates/certificate-rotation.ts'
export { podCgroupRoot, removePodCgroups } from './cgroups/pod-cgroups.ts'
export { parseResolvConf } from './containers/dns.ts'
export type { Division, DivisionWanted } from './division/division.ts'
export { type Thresholds, thresholdsOf } from './eviction/thresholds.ts'
export type * from './host-access.ts'
export { nodeSpecOf } from './node/node-object.ts'
export {
  DEFAULT_CONTAINER_LOGS_DIRECTORY,
  DEFAULT_POD_LOGS_DIRECTORY,
  type KubeletOptions,
} from './options.ts'
export type * from './runtime.ts'

/** Starts the node's agent; resolves at once, the node registers as soon as the API answers. */
export function startKubelet(
  context: RoleContext,
  options: KubeletOptions,
): Running & { readonly transport: Transport; readonly registered: Promise<void> } {
  return createKubelet(withDefaults(context, options))
}

/** This machine, for kubelets that run real containers on it. */
export async function machineAccess(storageDirectory: string): Promise<HostAccess> {
  const { openMachine } = await import('#host/machine/machine.ts')
  return openMachine(storageDirectory)
}

/** Containerd and what it needs, for the same; loaded only where containers are real. */
export function containerTools() {
  return import('./cri/tools.ts')
}

/** Gives pods processors and memory nodes of their own; loaded only where somebody wants that. */
export async function divideMachine(wanted: DivisionWanted, parts: DivisionParts) {
  const { divideMachine } = await import('./division/division.ts')
  return divideMachine(wanted, parts)
}

/** How a node gets its certificates and keeps them from expiring, where it runs alone. */
export function certificateTools() {
  return import('./certificates/certificates.ts')
}

/** Serves a kubelet's Transport on its port, to those who may. Throws a UserError where the port cannot be had. */
export async function serveKubelet(options: KubeletHttpsOptions) {
  const { serveKubelet } = await import('./server/https.ts')
  return serveKubelet(options)
}
