/**
 * `npm run test:machine`: tests with containerd, nftables, kubectl and other clients. Root on Debian; installs what it needs. `TEST_ASSET_CONTAINERD`
 * names a folder with another containerd, its shim, ctr and runc.
 */
import { delimiter, resolve } from 'node:path'
import { closingLine, runTests, testFiles } from '../tools/run-tests.ts'
import { isBeside } from './beside.ts'
import { BROWSER_PACKAGES, installPackages, MACHINE_PACKAGES } from './packages.ts'

installPackages(MACHINE_PACKAGES)
const { TEST_ASSET_CONTAINERD: containerd, PATH = '' } = process.env
// Programs are looked for there, by us and by containerd itself, which starts its shim and runc.
if (containerd) process.env.PATH = `${resolve(containerd)}${delimiter}${PATH}`
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
