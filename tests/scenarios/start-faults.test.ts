/** What goes wrong at the start, as a table: one clear sentence on stderr, exit code 1, no stack trace, and nothing lost. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { type Ended, ProaProcess } from './proa-process.ts'

const root = join(import.meta.dirname, '..', '..')
/** A program that was told something impossible should say so at once. */
const LONGEST_MS = 40_000

/** Whom root may be only as root, and who has to be able to read this checkout. */
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

/** Why somebody without rights cannot be asked here, or false. */
function nobodyMissing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const [program = '', ...words] = [
    ...AS_NOBODY,
    process.execPath,
    join(root, 'bin', 'proa.js'),
    'version',
  ]
  const reads = spawnSync(program, words).status === 0
  return reads ? false : 'this checkout is in a directory that other users may not read'
}

describe('faults at the start', () => {
  const base = mkdtempSync(join(tmpdir(), 'proa-faults-'))
  const good = join(base, 'good')
  let taken: Server
  let takenPort: number

  before(async () => {
    const first = new ProaProcess(wordsFor(good))
    await first.ready()
    assert.equal((await first.kill('SIGTERM')).code, 0)
    taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    takenPort = (taken.address() as { port: number }).port
  })
  after(() => {
    taken.close()
    rmSync(base, { recursive: true, force: true })
  })

  const wordsFor = (directory: string, ...more: string[]) => [
    ...['up', '--data-dir', directory, '--nodes', 'none', '--secure-port', '0'],
    ...more,
  ]

  async function refuses(words: string[], sentence: RegExp): Promise<Ended> {
    const started = performance.now()
    const process = new ProaProcess(words)
    const timer = setTimeout(() => process.child.kill('SIGKILL'), LONGEST_MS)
    const ended = await process.ended
    clearTimeout(timer)
    const told = JSON.stringify({ ...ended, ms: performance.now() - started })
    assert.equal(ended.code, 1, told)
    const lines = ended.stderr.trim().split('\n')
    assert.equal(lines.length, 1, told)
    assert.match(lines[0] ?? '', /^proa: /, told)
    assert.match(lines[0] ?? '', sentence)
    assert.doesNotMatch(ended.stderr, /\n\s+at |Error:|node:internal|undefined|\[object/)
    return ended
  }

  const lines: [string, string[], RegExp][] = [
    ['an unknown command', ['upp'], /unknown command "upp"; did you mean up\?/],
    [
      'an unknown flag',
      ['up', '--secure-prot', '1'],
      /unknown flag: --secure-prot; did you mean --secure-port\?/,
    ],
    ['a flag without its value', ['up', '--data-dir'], /--data-dir needs a value/],
    [
      'a port that is none',
      ['up', '--secure-port', '70000'],
      /wants a port from 0 to 65535, not "70000"/,
    ],
    ['a bad range', ['up', '--cluster-cidr', '10.0.0.0'], /--cluster-cidr wants a range such as/],
    [
      'a bad range of services',
      ['up', '--service-cluster-ip-range', '10.0.0.0/33'],
      /--service-cluster-ip-range/,
    ],
    ['nodes of no kind', ['up', '--nodes', 'docker'], /--nodes wants containerd, hollow/],
    ['no hollow node', ['up', '--nodes', 'hollow:0'], /count must be from 1/],
    ['a word too many', ['up', 'now'], /takes no "now"/],
    ['a level that is none', ['up', '--log-level', 'loud'], /--log-level wants one of/],
    [
      'an address that is none',
      wordsFor(join(base, 'a'), '--bind-address', 'localhost!'),
      /wants an IP address/,
    ],
    [
      "another machine's address",
      wordsFor(join(base, 'b'), '--bind-address', '192.0.2.1'),
      /192.0.2.1 is not an address of this machine/,
    ],
    ['controllers that are none', wordsFor(join(base, 'c'), '--controllers', 'nobody'), /nobody/],
    [
      'ranges that overlap',
      wordsFor(join(base, 'd'), '--cluster-cidr', '10.96.0.0/16'),
      /overlap; choose ranges/,
    ],
    [
      'a range of services that is too small',
      wordsFor(join(base, 'e'), '--service-cluster-ip-range', '10.0.0.0/31'),
      /--service-cluster-ip-range/,
    ],
    [
      'a node name that is none',
      [...wordsFor(join(base, 'f'), '--node-name', 'A_B'), '--nodes', 'hollow'],
      /node name|--node-name/,
    ],
    ['a data directory below /proc', wordsFor('/proc/proa'), /\/proc\/proa\S* cannot be written/],
    ['an empty data directory', wordsFor(''), /--data-dir/],
  ]
  for (const [what, words, sentence] of lines)
    test(what, async () => {
      await refuses(words, sentence)
    })

  test('a port that is taken', async () => {
    const words = wordsFor(join(base, 'port'))
    await refuses(
      words.map(word => (word === '0' ? String(takenPort) : word)),
      new RegExp(`port ${takenPort} on 127.0.0.1 is already in use; .*--secure-port`),
    )
  })

  test('a data directory that another Proa uses, which goes on', async () => {
    const running = new ProaProcess(wordsFor(good))
    await running.ready()
    await refuses(
      wordsFor(good),
      new RegExp(`in use by another proa \\(pid ${running.child.pid}\\)`),
    )
    assert.equal((await running.kill('SIGTERM')).code, 0)
  })

  test('a data directory that is a file, or below one', async () => {
    const file = join(base, 'file')
    writeFileSync(file, 'mine')
    for (const path of [file, join(file, 'below', 'it')])
      await refuses(wordsFor(path), /cannot be made: a file is in its way/)
    assert.equal(readFileSync(file, 'utf8'), 'mine')
  })

  test('a kubeconfig that cannot be written', async () => {
    await refuses(
      wordsFor(join(base, 'kubeconfig'), '--write-kubeconfig', join(base, 'no', 'such', 'place')),
      /Cannot write .*place/,
    )
  })

  /** Damages a copy of a good data directory; the fault is told, and once mended it starts with all there was. */
  async function damaged(
    path: string,
    damage: (file: string) => void,
    sentence: RegExp,
  ): Promise<void> {
    const directory = mkdtempSync(join(base, 'damaged-'))
    cpSync(good, directory, { recursive: true })
    const file = join(directory, path)
    assert.ok(existsSync(file), file)
    damage(file)
    const before_ = existsSync(file) ? readFileSync(file) : undefined
    await refuses(wordsFor(directory), sentence)
    // What cannot be read may still be all that somebody has: it is left as it is.
    assert.deepEqual(existsSync(file) ? readFileSync(file) : undefined, before_)
    copyFileSync(join(good, path), file)
    const mended = new ProaProcess(wordsFor(directory))
    await mended.ready()
    assert.equal((await mended.kill('SIGTERM')).code, 0)
    rmSync(directory, { recursive: true })
  }

  const store = join('state', 'state.db')
  const pki = (name: string) => join('pki', name)
  const cases: [string, string, (file: string) => void, RegExp][] = [
    ['a store cut short', store, file => truncateSync(file, 5000), /state\.db/],
    ['a store overwritten', store, file => writeFileSync(file, 'x'.repeat(20_000)), /state\.db/],
    ['a foreign database', store, foreignDatabase, /state\.db/],
    ['a store of a newer Proa', store, newerStore, /newer/],
    ['a damaged authority', pki('ca.crt'), file => writeFileSync(file, 'x'), /ca\.crt is damaged/],
    ['a damaged key', pki('ca.key'), file => truncateSync(file, 40), /ca\.key is damaged/],
    [
      'half an authority',
      pki('ca.key'),
      file => rmSync(file),
      /ca\.key is missing although .*ca\.crt is there/,
    ],
    [
      'the other half',
      pki('ca.crt'),
      file => rmSync(file),
      /ca\.crt is missing although .*ca\.key is there/,
    ],
    ["somebody else's key", pki('ca.key'), foreignKey, /do not belong together/],
    ['a damaged token key', pki('sa.key'), file => writeFileSync(file, ''), /sa\.key is damaged/],
  ]
  for (const [what, path, damage, sentence] of cases)
    test(what, () => damaged(path, damage, sentence))

  test('no permission', { skip: nobodyMissing() }, async () => {
    // Root may do anything, so somebody else is asked to.
    const directory = join(base, 'locked')
    mkdirSync(directory, { mode: 0o700 })
    chmodSync(base, 0o755)
    const program = [...AS_NOBODY, process.execPath, join(root, 'bin', 'proa.js')]
    for (const path of [directory, join(directory, 'below')]) {
      const child = new ProaProcess(wordsFor(path), { program })
      const ended = await child.ended
      assert.equal(ended.code, 1, ended.stderr)
      assert.match(ended.stderr, /^proa: .*cannot be (written|read).*permission/i)
      assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr)
    }
  })

  const old = ['/usr/local/bin/node', '/usr/bin/node'].find(isTooOld)
  test('a Node that is too old', { skip: old ? false : 'no old Node' }, async () => {
    const directory = join(base, 'old')
    cpSync(join(root, 'bin'), join(directory, 'bin'), { recursive: true })
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
    const ended = await new ProaProcess(['version'], {
      program: [old ?? '', join(directory, 'bin', 'proa.js')],
    }).ended
    assert.equal(ended.code, 1)
    assert.match(
      ended.stderr,
      /^proa: needs Node\.js 24\.12 or newer, this is \d+\.\d+\.\d+; .*\n$/,
    )
  })
})

/** A machine may as well have a Node that is new enough. */
function isTooOld(node: string): boolean {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  const [, major = Number.NaN, minor = 0] = (/^v(\d+)\.(\d+)/.exec(stdout ?? '') ?? []).map(Number)
  return major < 24 || (major === 24 && minor < 12)
}

function foreignDatabase(file: string): void {
  rmSync(file)
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE mine (a); INSERT INTO mine VALUES (1)')
  database.close()
}

function newerStore(file: string): void {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA user_version = 9999')
  database.close()
}

function foreignKey(file: string): void {
  copyFileSync(join(dirname(file), 'sa.key'), file)
}
