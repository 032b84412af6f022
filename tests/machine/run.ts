/** `npm run test:machine`: tests with containerd, nftables, kubectl and other clients. Root on Debian; installs what it needs. */
import { closingLine, runTests, testFiles } from '../tools/run-tests.ts'
import { isBeside } from './beside.ts'
import { BROWSER_PACKAGES, installPackages, MACHINE_PACKAGES } from './packages.ts'

installPackages(MACHINE_PACKAGES)
const wanted = process.argv.slice(2)
const files = testFiles(...(wanted.length > 0 ? wanted : ['tests/machine/**/*.test.ts']))
if (files.some(file => file.includes('/dashboard/'))) installPackages(BROWSER_PACKAGES)
const counts = await runTests([
  // One at a time: they share the machine's network and cgroups.
  { files: files.filter(file => !isBeside(file)), atOnce: 1 },
  { files: files.filter(isBeside), atOnce: 1 },
])
process.stdout.write(`${closingLine(counts)}\n`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
