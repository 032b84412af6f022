/** Every flag that upstream's programs know is ours, or is taken or refused with a reason; and what kubeadm writes into its manifests is taken. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { type CommandName, parseCommandLine } from '#cli'
import { type Command, commands } from '../../../src/cli/commands.ts'
import { upstreamProgram } from '../etcd/servers.ts'

const PROGRAMS = {
  'kube-apiserver': ['TEST_ASSET_KUBE_APISERVER', 'apiserver'],
  'kube-controller-manager': ['TEST_ASSET_KUBE_CONTROLLER_MANAGER', 'controller-manager'],
  'kube-scheduler': ['TEST_ASSET_KUBE_SCHEDULER', 'scheduler'],
} as const

/** Fewer would mean that the help was not understood. */
const FEWEST = 50

for (const [program, [variable, name]] of Object.entries(PROGRAMS)) {
  const path = upstreamProgram(variable, program)
  const skip = path === undefined && `there is no ${program} here; ${variable} may name one`
  describe(program, { skip }, () => {
    test('knows no flag that is unknown here, and all that are taken here for its sake', () => {
      const { stdout } = spawnSync(path ?? '', ['--help'], { encoding: 'utf8' })
      const theirs = [...stdout.matchAll(/^ +(?:-\w, )?--([a-z0-9-]+)/gm)].map(
        ([, each]) => each ?? '',
      )
      assert.ok(theirs.length > FEWEST, `${theirs.length} flags`)
      const { flags, others = {} }: Command = commands[name as CommandName]
      const ours = new Set([...Object.values(flags).map(flag => flag.name), ...Object.keys(others)])
      const unknown = theirs.filter(each => each !== 'help' && !ours.has(each))
      assert.deepEqual(unknown, [])
      assert.deepEqual(
        Object.keys(others).filter(each => !theirs.includes(each)),
        [],
      )
      const both = Object.values(flags).filter(flag => Object.hasOwn(others, flag.name))
      assert.deepEqual(both, [])
    })

    test('has no default that is refused here', () => {
      const { stdout } = spawnSync(path ?? '', ['--help'], { encoding: 'utf8' })
      const { others = {} }: Command = commands[name as CommandName]
      for (const line of stdout.split('\n')) {
        const [, flag = '', kind = '', fallback] =
          /^ +--([a-z0-9-]+)(?: (\S+))? .*\(default (?:"([^"]*)"|([^)]*))\)$/.exec(line) ?? []
        const only = others[flag]?.only
        if (!only || only.length === 0 || fallback === undefined || kind === 'strings') continue
        parseCommandLine([name, `--${flag}=${fallback}`])
      }
    })
  })
}
