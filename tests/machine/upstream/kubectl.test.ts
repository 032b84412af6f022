/** kubectl prints the same, and ends alike, against Proa and a real kube-apiserver: a story of `kubectl-lines.txt`, each line run by a shell in both. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { kubectlMissing, type Output } from '../../tools/kubectl.ts'
import { adminKubeconfig, kubeApiServerMissing } from '../etcd/servers.ts'
import { steady } from './differences.ts'
import { EVERYTHING, Pair } from './pair.ts'

const LINE_TIMEOUT_MS = 60_000
const OBJECTS = 'kubectl-objects.yaml'

interface Chapter {
  readonly title: string
  readonly lines: readonly string[]
}

/** Chapters begin with `# title`; each other line is a command. */
function chapters(text: string): Chapter[] {
  return text.split(/^# /m).flatMap(part => {
    const [title = '', ...lines] = part.split('\n')
    return title ? [{ title, lines: lines.filter(line => line !== '') }] : []
  })
}

/** What is another with each run: ages, what is counted anew with each server, and how wide that makes a column. */
const RUN: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+0000( UTC)?/g, 'TIME'],
  [/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/(Resource Version: +)\d+/g, '$1REVISION'],
  [/(?<=\s)(\d+[smh]){1,2}(?=\s|$)/gm, 'AGE'],
  [/https:\/\/\S+:\d+/g, 'SERVER'],
  // Addresses come from the range of the story's own ServiceCIDR as well.
  [/\b192\.168\.77\.\d+\b/g, '10.X'],
  [/(TargetPort: +)\d{5}\b/g, '$1PORT'],
  [/^[EIW]\d{4} .*?\] /gm, ''],
  [/\b3[0-2]\d{3}\b/g, 'PORT'],
  [/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-XXXXX'],
  [/(X509SHA256=)[0-9a-f]+/g, '$1HASH'],
  [/(\/tmp\/)(?:LIVE|MERGED)-\d+/g, '$1FOLDER'],
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
]

const alike = (text: string) =>
  RUN.reduce((so, [pattern, mark]) => so.replace(pattern, mark), steady(text))

const printed = ({ code, stdout, stderr }: Output) =>
  `${alike(stdout)}${alike(stderr)}ended with ${code}`

/** A folder of its own for each server's kubectl, which is its home, too. */
class Shell {
  readonly #folder: string

  constructor(folder: string, kubeconfig: string) {
    this.#folder = folder
    mkdirSync(folder)
    writeFileSync(join(folder, 'config'), kubeconfig)
    cpSync(join(import.meta.dirname, OBJECTS), join(folder, OBJECTS))
  }

  run(line: string): Promise<Output> {
    const home = { HOME: this.#folder, KUBECONFIG: join(this.#folder, 'config'), TERM: 'dumb' }
    const child = spawn('bash', ['-c', line], {
      cwd: this.#folder,
      env: { ...process.env, ...home },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LINE_TIMEOUT_MS,
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', text => {
      stdout += text
    })
    child.stderr.on('data', text => {
      stderr += text
    })
    return new Promise(resolve =>
      child.on('close', code => resolve({ code: code ?? 137, stdout, stderr })),
    )
  }
}

const reason = kubeApiServerMissing() || etcdMissing() || kubectlMissing() || false

describe('kubectl', { skip: reason }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'proa-kubectl-lines-'))
  let pair: Pair
  let shells: readonly [Shell, Shell]

  before(async () => {
    pair = await Pair.start([EVERYTHING])
    const { upstream, proa, keys } = pair
    shells = [
      new Shell(join(folder, 'upstream'), adminKubeconfig(upstream.url, keys)),
      new Shell(join(folder, 'proa'), adminKubeconfig(proa.url, keys)),
    ]
  })
  after(async () => {
    await pair?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const text = readFileSync(join(import.meta.dirname, 'kubectl-lines.txt'), 'utf8')
  for (const { title, lines } of chapters(text))
    test(title, { timeout: lines.length * LINE_TIMEOUT_MS }, async () => {
      for (const line of lines) {
        const [upstream, proa] = await Promise.all(shells.map(shell => shell.run(line)))
        assert.ok(upstream && proa)
        // `diff` says so with its exit code, everything else that a line wants to fail ends it with `true`.
        assert.ok(upstream.code < 2, `upstream: ${line}\n${upstream.stderr}`)
        assert.equal(printed(proa), printed(upstream), line)
      }
    })
})
