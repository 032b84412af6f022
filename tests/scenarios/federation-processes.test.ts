/** A federation of real processes over HTTPS, with kubectl: members and the control plane are killed and begin anew; what commands say to mistakes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Kubectl, kubectlMissing } from '../tools/kubectl.ts'
import { until } from './federation-clusters.ts'
import { ProaProcess } from './proa-process.ts'

const scratch = mkdtempSync(join(tmpdir(), 'proa-federation-'))
const directory = (name: string) => join(scratch, name)
const kubeconfig = (name: string) => join(scratch, name, 'admin.conf')
const NAMES = ['east', 'west']
/** As short as it may be. */
const TIMES = ['--cluster-monitor-period', '1s', '--cluster-unavailable-delay', '4s']

class Part {
  readonly name: string
  readonly #words: readonly string[]
  #process: ProaProcess | undefined
  #port = 0

  constructor(name: string, ...words: readonly string[]) {
    this.name = name
    this.#words = words
  }

  /** Always at the same port, as somebody who reads its kubeconfig expects. */
  async start(): Promise<void> {
    const words = [
      ...this.#words,
      '--data-dir',
      directory(this.name),
      '--secure-port',
      `${this.#port}`,
    ]
    this.#process = new ProaProcess(words)
    this.#port = await this.#process.ready()
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal)
    this.#process = undefined
  }
}

const host = new Part('host', 'federation', 'up', ...TIMES)
const members = new Map(
  NAMES.map(name => [name, new Part(name, 'up', '--nodes', 'hollow', '--metrics-server=false')]),
)
const proa = async (...words: readonly string[]) => new ProaProcess(words).ended
const kubectl = (name: string) => new Kubectl(kubeconfig(name))

describe('a federation of processes', { skip: kubectlMissing() }, () => {
  after(async () => {
    for (const part of [host, ...members.values()]) await part.kill('SIGTERM')
    rmSync(scratch, { recursive: true, force: true })
  })

  const replicas = async (name: string) => {
    const words = ['get', 'deployment', 'web', '-n', 'shop', '-o', 'jsonpath={.spec.replicas}']
    const { stdout } = await kubectl(name).try(words)
    return Number(stdout)
  }

  test('clusters join; mistakes are told in a sentence', async () => {
    await Promise.all([host, ...members.values()].map(part => part.start()))
    const join = (name: string, ...more: string[]) =>
      proa('federation', 'join', name, '--data-dir', directory('host'), ...more)
    for (const name of NAMES) {
      const { code, stderr } = await join(name, '--cluster-kubeconfig', kubeconfig(name))
      assert.equal(code, 0, stderr)
    }
    for (const [words, why] of [
      [['east', '--cluster-kubeconfig', kubeconfig('east')], /"east" has joined already/],
      [['north'], /--cluster-kubeconfig FILE is needed/],
      [['north', '--cluster-kubeconfig', '/nowhere'], /there is no file \/nowhere/],
      [
        ['north', '--cluster-kubeconfig', kubeconfig('east'), '--cluster-context', 'x'],
        /no context "x"/,
      ],
      [['No', '--cluster-kubeconfig', kubeconfig('east')], /Invalid value: "No"/],
      [['north', '--cluster-labels', 'a!=b'], /--cluster-labels/],
    ] as const) {
      const { code, stderr } = await join(...(words as unknown as [string, ...string[]]))
      assert.equal(code, 1, words.join(' '))
      assert.match(stderr, why)
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
    }
    const unknown = await proa('federation', 'unjoin', 'north', '--data-dir', directory('host'))
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /no cluster "north" has joined/)
    const often = await proa('federation', 'up', '--cluster-monitor-period', '1ms')
    assert.match(often.stderr, /must be 1s or longer/)
  })

  test('a member that is killed loses its replicas, and has some again when it is back', async () => {
    const run = (words: string) => kubectl('host').run(words)
    await run('create namespace shop')
    await until('two well', async () => {
      const path = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
      const words = ['get', 'clusterprofiles', '-n', 'federation-system', '-o', `jsonpath=${path}`]
      return (await kubectl('host').run(words)) === 'True True'
    })
    await run('create deployment web --image=web:1 --replicas=4 -n shop')
    await run('rollout status deployment/web -n shop --timeout=150s')
    assert.deepEqual([await replicas('east'), await replicas('west')], [2, 2])
    await members.get('west')?.kill()
    await until('all in the east', async () => (await replicas('east')) === 4)
    await run('rollout status deployment/web -n shop --timeout=150s')
    await members.get('west')?.start()
    await until(
      'four in all',
      async () => (await replicas('east')) + (await replicas('west')) === 4,
    )
  })

  test('a control plane that is killed goes on where it was', async () => {
    await host.kill()
    await kubectl('east').run('scale deployment web --replicas=1 -n shop')
    await host.start()
    await until(
      'four in all',
      async () => (await replicas('east')) + (await replicas('west')) === 4,
    )
    await kubectl('host').run('rollout status deployment/web -n shop --timeout=150s')
    await kubectl('host').run('delete namespace shop --timeout=150s')
    for (const name of NAMES) {
      const { code } = await kubectl(name).try('get namespace shop')
      assert.equal(code, 1)
    }
  })
})
