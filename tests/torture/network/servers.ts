/** API servers, clients and members of etcd with relays on every way between them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtcdProcess } from '../../../src/store/testing/etcd-process.ts'
import { ProaProcess } from '../../scenarios/proa-process.ts'
import type { Target } from '../load/load.ts'
import { answers, endWell } from '../servers.ts'
import { Network } from './network.ts'
import { ownerOf } from './owner.ts'

/** Seen by the API alone: certificates are of no concern here. */
const tls = { rejectUnauthorized: false }

export interface Networked {
  readonly network: Network
  /** Who can be cut off. */
  readonly names: readonly string[]
  readonly targets: readonly Target[]
  /** Where each member of etcd is asked past all relays. */
  readonly members: readonly string[]
  /** Of what is kept on disk. */
  readonly directories: readonly string[]
  /** A member that stands still, or all go on. */
  stop(member: string | undefined): void
  remove(): Promise<void>
}

/** One API server over SQLite, and its clients on the other side. */
export async function cutClients(): Promise<Networked> {
  const network = new Network()
  const data = mkdtempSync(join(tmpdir(), 'proa-torture-'))
  const program = [process.execPath, join(import.meta.dirname, '..', 'fragile-server.ts')]
  const running = new ProaProcess([join(data, 'state'), 'plain'], { program })
  const targets = await reachable(network, running, 'api-1')
  return {
    ...{ network, targets, names: ['clients'], members: [], directories: [data] },
    stop() {},
    async remove() {
      network.close()
      await endWell(running)
      rmSync(data, { recursive: true })
    },
  }
}

/** Two API servers over an etcd of so many members; `bug` is planted in both. */
export async function cutStore(size: number, bug = ''): Promise<Networked> {
  const network = new Network()
  const ids = new Map<string, number>()
  const members = await EtcdProcess.startCluster(size, {
    peerRelay: (name, port) =>
      network.relay({ from: from => ownerOf(from, ids), to: name }, () => port),
    started: ({ name, id = 0 }) => void ids.set(name, id),
  })
  const servers: ProaProcess[] = []
  const targets: Target[] = []
  for (const name of ['api-1', 'api-2']) {
    const urls: string[] = []
    for (const member of members) {
      const port = Number(new URL(member.url).port)
      const relayed = await network.relay({ from: name, to: member.name }, () => port)
      urls.push(`http://127.0.0.1:${relayed}`)
    }
    // Not all with the same member first.
    urls.push(...urls.splice(0, servers.length))
    const program = [process.execPath, join(import.meta.dirname, 'api-server.ts')]
    const server = new ProaProcess([urls.join(), bug], { program })
    servers.push(server)
    targets.push(...(await reachable(undefined, server, name)))
  }
  await Promise.all(targets.map(answers))
  return {
    ...{ network, targets, directories: members.map(({ directory }) => directory) },
    names: ['api-1', 'api-2', ...members.map(({ name }) => name)],
    members: members.map(({ url }) => url),
    stop(name) {
      for (const member of members) member.signal(member.name === name ? 'SIGSTOP' : 'SIGCONT')
    },
    async remove() {
      for (const member of members) member.signal('SIGCONT')
      network.heal()
      await Promise.all(servers.map(endWell))
      network.close()
      await Promise.all(members.map(member => member.remove()))
    },
  }
}

async function reachable(
  network: Network | undefined,
  server: ProaProcess,
  name: string,
): Promise<Target[]> {
  const own = await server.ready()
  const port = (await network?.relay({ from: 'clients', to: name }, () => own)) ?? own
  return [{ url: `https://localhost:${port}`, tls }]
}
