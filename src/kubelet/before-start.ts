/**
 * The room's other door: what is asked of a kubelet before one starts. A cluster reads it before its API answers, so it loads nothing of a
 * node (docs/adr/0005-what-a-start-may-load.md).
 */
export { parseCpuSet } from './division/cpu-set.ts'

export const DEFAULT_KUBELET_PORT = 10250

/** Reads files in which a kubelet is set up; loaded only where there are some. */
export function configurationTools() {
  return import('./configuration/tools.ts')
}
