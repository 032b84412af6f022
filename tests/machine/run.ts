/** `npm run test:machine`: tests with containerd, nftables, kubectl and other clients. Root on Debian; installs what it needs. */
import { matchesGlob, relative } from 'node:path'
import { projectRoot } from '../tidy/sources.ts'
import { closingLine, runTests, testFiles } from '../tools/run-tests.ts'
import { BROWSER_PACKAGES, installPackages, MACHINE_PACKAGES } from './packages.ts'

/**
 * What starts no containers and stays out of the machine's own network: clients, browsers and etcd in processes of their own, and rules
 * and routes in network namespaces of their own. Whoever compares with upstream's programs is not among them, since they weigh too much.
 */
const BESIDE = [
  'clients/**',
  'dashboard/**',
  'etcd/**',
  'conformance/{registry,scorecard}.test.ts',
  '{disk-full,disks,package}.test.ts',
  '{forwarding,pod-routes,policy-rules,proxy,routes-meddled,rules-lost}.test.ts',
].map(pattern => `tests/machine/${pattern}`)

installPackages(MACHINE_PACKAGES)
const wanted = process.argv.slice(2)
const files = testFiles(...(wanted.length > 0 ? wanted : ['tests/machine/**/*.test.ts']))
if (files.some(file => file.includes('/dashboard/'))) installPackages(BROWSER_PACKAGES)
const isBeside = (file: string) =>
  BESIDE.some(pattern => matchesGlob(relative(projectRoot, file), pattern))
const counts = await runTests([
  // One at a time: they share the machine's network and cgroups.
  { files: files.filter(file => !isBeside(file)), atOnce: 1 },
  { files: files.filter(isBeside), atOnce: 1 },
])
process.stdout.write(`${closingLine(counts)}\n`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
