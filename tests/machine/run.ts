/** `npm run test:machine`: tests with containerd, nftables, kubectl and other clients. Root on Debian; installs what it needs. */
import { spawnSync } from 'node:child_process'
import { closingLine, runTests, testFiles } from '../tools/run-tests.ts'

const PACKAGES = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'nftables',
  'busybox-static',
  'iproute2',
  'etcd-server',
]

installPackages()
const wanted = process.argv.slice(2)
const files = testFiles(...(wanted.length > 0 ? wanted : ['tests/machine/**/*.test.ts']))
// One at a time: they share the machine's network and cgroups.
const counts = await runTests(files, 1)
process.stdout.write(`${closingLine(counts)}\n`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

function installPackages(): void {
  const missing = PACKAGES.filter(name => spawnSync('dpkg', ['-s', name]).status !== 0)
  if (missing.length === 0) return
  process.stdout.write(`installing ${missing.join(', ')}\n`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const words of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...missing],
  ]) {
    const result = spawnSync('apt-get', words, { stdio: 'inherit', env: environment })
    if (result.status !== 0) {
      process.stdout.write(
        `apt-get ${words[0]} failed; these tests need root on Debian and its packages\n0 passed, 1 failed\n`,
      )
      process.exit(1)
    }
  }
}
