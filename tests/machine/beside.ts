/** Which tests of the machine may run beside those that have it to themselves. */
import { matchesGlob, relative } from 'node:path'
import { projectRoot } from '../tidy/sources.ts'

/**
 * What starts no containers and stays out of the machine's own network: clients, browsers, etcd and played systems in processes of their own, and rules
 * and routes in network namespaces of their own. Whoever compares with upstream's programs is not among them, since they weigh too much.
 */
const BESIDE = [
  'clients/**',
  'dashboard/**',
  'etcd/**',
  'other-systems/**',
  'conformance/{registry,scorecard}.test.ts',
  '{disk-full,disks,package}.test.ts',
  '{forwarding,pod-routes,policy-rules,proxy,routes-meddled,rules-lost}.test.ts',
].map(pattern => `tests/machine/${pattern}`)

/** `file` is a path from anywhere. */
export const isBeside = (file: string): boolean =>
  BESIDE.some(pattern => matchesGlob(relative(projectRoot, file), pattern))
