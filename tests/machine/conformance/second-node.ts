/**
 * Another node of containers on the same machine, with a data directory and a network namespace of its own, which a link joins to the
 * machine's as a wire would join two machines: by `proa join`, or as `proa kubelet` and `proa proxy` with certificates that an administrator made.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressAt, formatCidr, nodePrefixLengthOf, parseCidrs, partOf } from '#base/cidr.ts'
import { bracketed } from '#base/host-port.ts'
import { issueLeaf, type Subject } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { kubeconfigOf } from '../../../src/cluster/pki/kubeconfig.ts'
import { CLIENT_SUBJECTS } from '../../../src/cluster/pki/pki.ts'
import { eventually, main, type ProaProcess, secondNamespace } from '../proa-process.ts'

export const SECOND = 'there'
const READY_MS = 60_000
const STOP_MS = 30_000
const DAY_MS = 86_400_000

export type WayIn = 'join' | 'roles'

export class SecondNode {
  /** For its keys and logs; the node's own data directory is a folder in it. */
  readonly #directory = mkdtempSync(join(tmpdir(), 'proa-second-'))
  readonly data = join(this.#directory, 'data')
  /** Where the machine is, seen from the node. */
  readonly gateway: string
  /** The same of IPv4, which a registry listens at: containerd 1.6 takes no other as the place of one. */
  readonly registry: string
  /** The node's own, one of each family. */
  readonly #addresses: readonly string[]
  readonly #gateways: readonly string[]
  readonly #pods: string
  readonly #namespace: string
  readonly #link: string
  readonly #first: ProaProcess
  readonly #children: ChildProcess[] = []
  readonly #way: WayIn

  constructor(first: ProaProcess, way: WayIn) {
    this.#way = way
    const { number } = first.ranges
    this.#first = first
    const ranges = parseCidrs(first.ranges.pods, 'pods')
    // Of the blocks that are kept for tests, by the number that no other cluster of this machine has.
    const at = (last: number) =>
      ranges.map(({ isIpv6 }) =>
        isIpv6 ? `2001:2:0:${number}::${last}` : `198.18.${number}.${last}`,
      )
    this.gateway = at(1)[0] ?? ''
    this.#addresses = at(2)
    this.registry = `198.18.${number}.1`
    this.#gateways = [...new Set([this.registry, ...at(1)])]
    // What the controllers give to the second node; the ranges of the first are taken.
    this.#pods = ranges.map(range => formatCidr(partOf(range, nodePrefixLengthOf(range), 1))).join()
    this.#namespace = secondNamespace(number)
    this.#link = `proa-wire-${number}`
  }

  /** The network is there before the first node is, so that a registry can listen on it. */
  lay(): void {
    const [name, wire, far] = [this.#namespace, this.#link, `${this.#link}b`]
    const inside = (...words: string[]) => ip('-n', name, ...words)
    ip('netns', 'add', name)
    ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', far, 'netns', name)
    for (const gateway of this.#gateways) ip('address', 'add', ...networkOf(gateway), 'dev', wire)
    ip('link', 'set', wire, 'up')
    inside('link', 'set', 'lo', 'up')
    for (const address of new Set([this.registry.replace(/1$/, '2'), ...this.#addresses]))
      inside('address', 'add', ...networkOf(address), 'dev', far)
    inside('link', 'set', far, 'up')
    for (const gateway of this.#gateways) inside('route', 'add', 'default', 'via', gateway)
  }

  /** Resolves when the node is ready; the first node has to be. */
  async start(): Promise<void> {
    if (this.#way === 'join') this.#join()
    else this.#startRoles()
    await this.#untilReady()
  }

  /** What a person types on both machines. */
  #join(): void {
    const { directory } = this.#first
    const made = this.#first.command(
      'token',
      'create',
      '--print-join-command',
      '--data-dir',
      directory,
    )
    const [program, role = '', ...words] = made.text.trim().split(' ')
    if (made.code !== 0 || program !== 'proa' || role !== 'join')
      throw new Error(`proa token create ended with ${made.code}: ${made.text}`)
    this.#run(role, [...words, '--data-dir', this.data, '--node-name', SECOND])
  }

  #startRoles(): void {
    const { pods, services } = this.#first.ranges
    const file = (name: string) => join(this.#directory, name)
    this.#writeKeys()
    const shared = ['--data-dir', this.data, '--node-name', SECOND]
    this.#run('kubelet', [
      ...shared,
      ...['--kubeconfig', file('kubelet.conf'), '--node-ip', this.#addresses.join()],
      ...['--tls-cert-file', file('serving.crt'), '--tls-private-key-file', file('serving.key')],
      ...['--cluster-cidr', this.#pods, '--service-cluster-ip-range', services],
    ])
    this.#run('proxy', [...shared, '--kubeconfig', file('proxy.conf'), '--cluster-cidr', pods])
  }

  async #untilReady(): Promise<void> {
    const log = join(this.#directory, `${this.#way === 'join' ? 'join' : 'kubelet'}.log`)
    const path = '{.status.conditions[?(@.type=="Ready")].status} {.spec.podCIDRs[*]}'
    const words = ['get', 'node', SECOND, '-o', `jsonpath=${path}`]
    await eventually(
      async () =>
        (await this.#first.kubectl.try(words)).stdout === `True ${this.#pods.replace(',', ' ')}`,
      READY_MS,
    ).catch(error => {
      throw new Error(`${error}: ${readFileSync(log, 'utf8').slice(-2000)}`)
    })
  }

  /** Ends it and starts it again, with none of the words by which it joined. */
  async restart(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) await ended(child)
    this.#run('join', ['--data-dir', this.data, '--node-name', SECOND])
  }

  /** Ends its programs and removes all that it made. */
  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) await ended(child)
    const words = [process.execPath, main, 'reset', '--data-dir', this.data]
    const { status, stderr } = spawnSync('nsenter', [...this.#inside(), ...words], {
      encoding: 'utf8',
    })
    // The wire goes with the namespace that has its other end.
    spawnSync('ip', ['netns', 'delete', this.#namespace])
    spawnSync('ip', ['link', 'delete', this.#link])
    if (status !== 0)
      throw new Error(`proa reset of the second node ended with ${status}: ${stderr}`)
    spawnSync('rm', ['-rf', this.#directory])
  }

  #inside(): string[] {
    return [`--net=/run/netns/${this.#namespace}`]
  }

  #run(role: string, words: readonly string[]): void {
    const log = openSync(join(this.#directory, `${role}.log`), 'a')
    const command = [process.execPath, main, role, ...words]
    this.#children.push(
      spawn('nsenter', [...this.#inside(), ...command], { stdio: ['ignore', log, log] }),
    )
  }

  /** What an administrator brings to a machine that joins: certificates of the cluster's authority, and kubeconfigs with them. */
  #writeKeys(): void {
    const { pki, adminKubeconfig } = this.#first.layout
    const read = (path: string) => readFileSync(path, 'utf8')
    const authority = { certificate: read(join(pki, 'ca.crt')), key: read(join(pki, 'ca.key')) }
    const now = Date.now()
    const validity = { notBefore: now - DAY_MS, notAfter: now + DAY_MS }
    const issue = (subject: Subject, usage: 'client' | 'server', names: string[] = []) =>
      issueLeaf({ subject, usages: [usage], names, validity }, authority, systemRandom)
    const port = /server: "https:\/\/[^"]+:(\d+)"/.exec(read(adminKubeconfig))?.[1]
    const [range] = parseCidrs(this.#first.ranges.pods, 'pods')
    const host = bracketed(addressAt(range, 1))
    const write = (name: string, text: string) =>
      writeFileSync(join(this.#directory, name), text, { mode: 0o600 })
    const kubeconfig = (subject: Subject) => {
      const { certificate: cert, key } = issue(subject, 'client')
      return kubeconfigOf({
        server: `https://${host}:${port}`,
        ca: authority.certificate,
        user: subject.commonName,
        cert,
        key,
      })
    }
    const node = { commonName: `system:node:${SECOND}`, organizations: ['system:nodes'] }
    write('kubelet.conf', kubeconfig(node))
    write('proxy.conf', kubeconfig(CLIENT_SUBJECTS.proxy))
    const serving = issue(node, 'server', [SECOND, ...this.#addresses])
    write('serving.crt', serving.certificate)
    write('serving.key', serving.key)
  }
}

/** An address of IPv6 is there at once only where nobody is asked whether he has it. */
const networkOf = (address: string) =>
  address.includes(':') ? [`${address}/64`, 'nodad'] : [`${address}/30`]

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr.trim()}`)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exit
  clearTimeout(timer)
}
