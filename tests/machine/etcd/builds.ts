/** The etcd versions that are tried: Debian's package, and current ones built from their Go module, which takes a minute once. */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { etcdMissing, etcdVersion } from '../../../src/store/testing/etcd-process.ts'
import { buildFolder } from '../clients/programs.ts'

export interface EtcdBuild {
  readonly name: string
  readonly binary: string
  /** Why it cannot be tried here, or false. */
  readonly missing: string | false
}

const MODULES = ['v3.6.16', 'v3.7.3']
const BUILD_TIMEOUT_MS = 5 * 60_000

export function etcdBuilds(): EtcdBuild[] {
  const packaged = etcdMissing()
  const debian = {
    name: packaged ? "Debian's etcd" : `etcd ${etcdVersion()} of Debian`,
    binary: 'etcd',
    missing: packaged,
  }
  return [debian, ...MODULES.map(built)]
}

function built(version: string): EtcdBuild {
  const folder = buildFolder(`etcd-${version}`)
  const binary = join(folder, 'etcd')
  const missing = existsSync(binary) ? false : build(version, folder)
  return { name: `etcd ${version}`, binary, missing }
}

function build(version: string, cwd: string): string | false {
  writeFileSync(
    join(cwd, 'go.mod'),
    `module etcd\n\ngo 1.24\n\nrequire go.etcd.io/etcd/server/v3 ${version}\n`,
  )
  writeFileSync(
    join(cwd, 'main.go'),
    'package main\n\nimport _ "go.etcd.io/etcd/server/v3/etcdmain"\n\nfunc main() {}\n',
  )
  for (const words of [
    ['mod', 'tidy'],
    ['build', '-o', 'etcd', 'go.etcd.io/etcd/server/v3'],
  ]) {
    const { status, error, stderr } = spawnSync('go', words, {
      cwd,
      encoding: 'utf8',
      timeout: BUILD_TIMEOUT_MS,
    })
    if (error) return 'go is not on this machine'
    if (status !== 0) return `etcd ${version} cannot be built here: ${stderr.split('\n').at(-2)}`
  }
  return false
}
