/**
 * Hollow clusters on other systems. macOS is played: a program on Linux is told that it is there, and finds nothing that only Linux has. Windows is
 * Wine, with the `node.exe` that TEST_ASSET_WINDOWS_NODE names: of Node 22, since Wine starts no newer one, so with what that lacks added.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { findProgram } from '#host/programs.ts'
import { projectRoot } from '../../tidy/sources.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-systems-'))
after(() => rmSync(root, { recursive: true }))

const PATIENCE_MS = 180_000
const here = (name: string) => join(import.meta.dirname, name)

interface System {
  readonly name: string
  readonly platform: string
  /** As its programs name a path of this machine. */
  path(path: string): string
  /** The words that run a program there. */
  command(program: string): readonly string[]
  /** Proa's index there. */
  index(): string
  /** The program, as it is installed there. */
  proa(): string
  readonly environment: Readonly<Record<string, string>>
}

const macos: System = {
  name: 'macOS, played',
  platform: 'darwin',
  path: path => path,
  command: program => [process.execPath, '--import', here('macos.ts'), program],
  index: () => pathToFileURL(join(projectRoot, 'src', 'index.ts')).href,
  proa: () => join(projectRoot, 'bin', 'proa.js'),
  environment: {},
}

const WINE = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'].find(existsSync)
const node = process.env.TEST_ASSET_WINDOWS_NODE
const packed = join(root, 'package')
const drive = (path: string) => `Z:${path.replaceAll('/', '\\')}`
const windows: System = {
  name: 'Windows, by Wine',
  platform: 'win32',
  path: drive,
  command: program => {
    const preload = `file:///Z:${here('older-node.ts')}`
    return [WINE ?? '', node ?? '', '--no-warnings', '--import', preload, drive(program)]
  },
  index: () => `file:///Z:${join(packed, 'dist', 'index.js')}`,
  proa: () => join(packed, 'dist', 'main.js'),
  environment: {
    WINEPREFIX: join(root, 'wine'),
    WINEDEBUG: '-all',
    WINEARCH: 'win64',
    // It takes Wine for an old Windows.
    NODE_SKIP_PLATFORM_CHECK: '1',
  },
}

/** Runs a program to its end. Its output is a file: Wine gives programs no pipes that Node would take. */
function run(system: System, program: string, ...words: readonly string[]) {
  const output = join(root, 'output')
  const file = openSync(output, 'w')
  const [command = '', ...before] = system.command(program)
  const { status } = spawnSync(command, [...before, ...words], {
    stdio: ['ignore', file, file],
    env: { ...process.env, ...system.environment },
    timeout: PATIENCE_MS,
  })
  closeSync(file)
  return { status, output: readFileSync(output, 'utf8') }
}

function succeeds({ status, output }: ReturnType<typeof run>): string {
  assert.equal(status, 0, output)
  return output
}

for (const system of [macos, windows]) {
  const isMissing = system === windows && (!WINE || !node)
  const skip = isMissing && 'needs Wine, and TEST_ASSET_WINDOWS_NODE, the node.exe of Node 22'
  suite(system.name, { skip }, () => {
    const at = (name: string) => join(root, `${system.platform}-${name}`)

    before(() => {
      if (system !== windows) return
      const npm = findProgram('npm') ?? 'npm'
      const words = ['pack', '--silent', '--pack-destination', root]
      const made = spawnSync(npm, words, { cwd: projectRoot, encoding: 'utf8' })
      assert.equal(made.status, 0, made.stderr)
      const tarball = join(root, made.stdout.trim().split('\n').at(-1) ?? '')
      spawnSync('tar', ['xzf', tarball, '-C', root])
      symlinkSync(join(projectRoot, 'node_modules'), join(packed, 'node_modules'))
      // The first program waits until Wine has made its Windows, and Wine tells of it.
      succeeds(run(system, here('older-node.ts')))
    })

    test('a library in memory, and one that finds again what it kept', () => {
      const answer = (statuses: readonly number[]) => ({
        platform: system.platform,
        nodes: ['hollow-0', 'hollow-1'],
        statuses,
      })
      const program = here('library.ts')
      const told = (...words: readonly string[]) => {
        const output = succeeds(run(system, program, system.index(), ...words))
        // Wine and Node may have said something of their own.
        return JSON.parse(output.split('\n').find(line => line.startsWith('{')) ?? output)
      }
      assert.deepEqual(told(), answer([404, 201]))
      assert.deepEqual(told(system.path(at('kept'))), answer([404, 201]))
      assert.deepEqual(told(system.path(at('kept'))), answer([200, 409]))
    })

    test('proa up, and a second one that is refused; then check, snapshots and reset', async () => {
      const proa = (...words: readonly string[]) => run(system, system.proa(), ...words)
      const data = ['--data-dir', system.path(at('data'))]
      const up = ['up', '--nodes', 'hollow:1', '--secure-port', '0', ...data]
      const output = at('up')
      const file = openSync(output, 'w')
      const [command = '', ...before] = system.command(system.proa())
      const child = spawn(command, [...before, ...up], {
        stdio: ['ignore', file, file],
        env: { ...process.env, ...system.environment },
      })
      closeSync(file)
      const ended = new Promise(resolve => child.once('exit', resolve))
      try {
        const end = performance.now() + PATIENCE_MS
        const said = () => readFileSync(output, 'utf8')
        while (!said().includes('Ctrl-C') && performance.now() < end) await setTimeout(100)
        assert.match(said(), /1 hollow node \(hollow-0\)/)
        assert.match(said(), system === windows ? /\$env:KUBECONFIG = '/ : /export KUBECONFIG=/)
        const kubeconfig = readFileSync(join(at('data'), 'admin.conf'), 'utf8')
        assert.match(kubeconfig, /server: "?https:\/\/127\.0\.0\.1:\d+/)
        const second = proa(...up)
        assert.equal(second.status, 1)
        assert.match(second.output, /is in use by another proa/)
      } finally {
        child.kill('SIGTERM')
        await ended
      }
      assert.match(succeeds(proa('check', ...data)), /REVISION/)
      const snapshot = system.path(at('snapshot'))
      succeeds(proa('snapshot', 'save', snapshot, ...data))
      assert.match(succeeds(proa('snapshot', 'restore', snapshot, ...data)), /is kept as/)
      succeeds(proa('reset', ...data))
      assert.equal(existsSync(at('data')), false)
    })
  })
}
