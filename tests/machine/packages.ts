/** Debian's packages that machine tests need. */
import { spawnSync } from 'node:child_process'

/** What containers, their network and the store of other clusters need. */
export const MACHINE_PACKAGES = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'nftables',
  'conntrack',
  'busybox-static',
  'iproute2',
  'etcd-server',
]

/** A browser, and letters for it to draw. */
export const BROWSER_PACKAGES = ['chromium', 'fonts-dejavu-core']

/** Installs those that are missing; ends the process where that fails, since nothing that follows could say more. */
export function installPackages(names: readonly string[]): void {
  const missing = names.filter(name => spawnSync('dpkg', ['-s', name]).status !== 0)
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
