/**
 * CoreDNS and Proa's DNS server over one API server, asked the same about random Services and slices. `DNS_ROUNDS=50` tries more of them than usual,
 * `DNS_SEED=7` others.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import packet from 'dns-packet'
import { silentLog } from '#base/log.ts'
import { connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { createSeededRandom } from '../../../src/client/testing/manual-clock.ts'
import { remoteContext } from '../../../src/cluster/remote-context.ts'
import { startDns } from '../../../src/dns/dns.ts'
import { tcpConnections } from '../../../src/dns/tcp.ts'
import { exchangeTcp, type Listening, listenTcp, listenUdp } from '../../../src/host/sockets.ts'
import { EtcdProcess, etcdMissing } from '../../../src/store/testing/etcd-process.ts'
import { type ApiEnd, adminKubeconfig, Keys, startProa } from '../etcd/servers.ts'
import { reasonFor } from './dns/accepted.ts'
import { corednsMissing, startCoreDns } from './dns/coredns.ts'
import { type AskedName, DnsWorld, NAMESPACES } from './dns/world.ts'

const ROUNDS = Number(process.env.DNS_ROUNDS ?? 3)
const SEED = Number(process.env.DNS_SEED ?? 1)
const QUESTIONS = 400

interface Told {
  readonly code: string
  readonly isAuthoritative: boolean
  readonly answers: readonly string[]
  readonly authorities: readonly string[]
  readonly additionals: readonly string[]
}

describe('names of random Services', { skip: etcdMissing() || corednsMissing() }, () => {
  let keys: Keys
  let store: EtcdProcess
  let api: ApiEnd
  let ours: number
  let theirs: number
  const ends: (() => Promise<unknown>)[] = []

  before(async () => {
    keys = new Keys()
    store = await EtcdProcess.start()
    const ranges = { serviceClusterIpRange: '10.96.0.0/12,fd00:10:96::/108' }
    api = await startProa(keys, { servers: [store.url] }, undefined, undefined, undefined, ranges)
    const upstream = await startOutside()
    const connection = await connectionFromKubeconfig(adminKubeconfig(api.url, keys), {
      read: async () => '',
      resolve: file => file,
    })
    const remote = remoteContext(connection, silentLog)
    const dns = await startDns(remote.context, {
      clusterDomain: 'cluster.local',
      listen: [{ address: '127.0.0.1', port: 0 }],
      upstreams: [{ address: '127.0.0.1', port: upstream.port }],
    })
    ours = dns.ports[0] ?? 0
    const free = await listenTcp('127.0.0.1', 0, socket => socket.destroy())
    theirs = free.port
    await free.close()
    const coredns = startCoreDns(keys, api.url, { port: theirs, upstream: upstream.port })
    ends.push(
      () => coredns.stop(),
      () => dns.stop(),
      () => remote.stop(),
      upstream.close,
    )
    for (const name of NAMESPACES)
      await api.want('POST', '/api/v1/namespaces', { metadata: { name } })
  })

  after(async () => {
    for (const end of ends) await end()
    await api?.stop()
    await store?.stop()
    keys?.remove()
  })

  for (let round = 0; round < ROUNDS; round++)
    test(`seed ${SEED + round}`, async () => {
      const world = new DnsWorld(createSeededRandom(SEED + round))
      await make(world, round)
      const { items } = await api.want('GET', '/api/v1/services')
      const ips = items
        .flatMap(({ spec }: { spec: { clusterIPs?: string[] } }) => spec.clusterIPs ?? [])
        .filter((ip: string) => ip !== 'None')
      const found: object[] = []
      let unanswered = 0
      for (let index = 0; index < QUESTIONS; index++) {
        const question = world.question(ips)
        let both = await askBoth(question)
        // CoreDNS now and then gives no answer to what it has to ask others.
        if (!both[1]) {
          unanswered++
          continue
        }
        if (JSON.stringify(both[0]) !== JSON.stringify(both[1])) {
          await sleep(100)
          both = await askBoth(question)
        }
        const [ours, theirs] = both as [Told, Told]
        if (JSON.stringify(ours) === JSON.stringify(theirs)) continue
        if (!reasonFor(question, { ours, theirs })) found.push({ ...question, ours, theirs })
      }
      assert.deepEqual(found, [])
      assert.ok(unanswered < QUESTIONS / 10, `${unanswered} questions without an answer`)
    })

  async function make(world: DnsWorld, round: number): Promise<void> {
    for (const name of NAMESPACES) {
      const { items } = await api.want('GET', `/api/v1/namespaces/${name}/services`)
      for (const { metadata } of items)
        await api.want('DELETE', `/api/v1/namespaces/${name}/services/${metadata.name}`)
      await api.want('DELETE', `/apis/discovery.k8s.io/v1/namespaces/${name}/endpointslices`)
    }
    for (const { path, body } of world.objects()) await api.want('POST', path, body)
    const name = `marker-${round}`
    await api.want('POST', '/api/v1/namespaces/default/services', {
      metadata: { name },
      spec: { clusterIP: 'None', ports: [{ port: 1 }] },
    })
    await api.want('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.9.9.9'] }],
      ports: [{ port: 1 }],
    })
    const question = { name: `${name}.default.svc.cluster.local`, type: 'A' as const }
    for (let tries = 0; ; tries++) {
      const both = await askBoth(question).catch(() => [])
      if (both.length === 2 && both.every(told => told && told.answers.length > 0)) return
      assert.ok(tries < 600, `the servers do not see what was made: ${JSON.stringify(both)}`)
      await sleep(50)
    }
  }

  const askBoth = (question: AskedName) =>
    Promise.all([ask(ours, question), ask(theirs, question).catch(() => undefined)])
})

async function ask(port: number, { name, type }: AskedName): Promise<Told> {
  const query = packet.encode({
    ...{ type: 'query', id: 7, flags: packet.RECURSION_DESIRED },
    questions: [{ type, name } as packet.Question],
  })
  const framed = Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query])
  const complete = (bytes: Uint8Array) =>
    bytes.length > 2 && bytes.length >= 2 + (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  const bytes = await exchangeTcp({ address: '127.0.0.1', port }, framed, 2_000, complete)
  const told = packet.decode(Buffer.from(bytes.subarray(2)))
  return {
    code: String((told as { rcode?: string }).rcode),
    isAuthoritative: told.flag_aa,
    answers: shown(told.answers),
    authorities: shown(told.authorities),
    additionals: shown(told.additionals),
  }
}

const shown = (records: readonly packet.Answer[] = []): string[] =>
  records
    .map(record => {
      // What a zone says of itself is anybody's choice.
      const data = record.type === 'SOA' ? '' : dataOf(record)
      return `${record.name.toLowerCase()} ${record.type} ${data}`
    })
    .sort()

/** Weights are anybody's choice, and case says nothing. */
function dataOf(record: packet.Answer): string {
  if (record.type !== 'SRV') return JSON.stringify((record as { data: unknown }).data)
  const { port, target } = record.data
  return `${port} ${target.toLowerCase()}`
}

/** Names outside of the cluster. */
async function startOutside(): Promise<Listening> {
  const answer = (message: Uint8Array) => {
    const query = packet.decode(Buffer.from(message))
    const [{ name, type } = { name: '', type: 'A' as const }] = query.questions ?? []
    const asked = name.toLowerCase()
    const alias: packet.Answer = { type: 'CNAME', name, ttl: 5, data: 'known.example.org' }
    const a: packet.Answer = { type: 'A', name: 'known.example.org', ttl: 5, data: '192.0.2.1' }
    const aaaa: packet.Answer = { type: 'AAAA', name: a.name, ttl: 5, data: '2001:db8::1' }
    const known = [a, aaaa].filter(record => record.type === type)
    const answers = { 'known.example.org': known, 'alias.example.org': [alias, ...known] }[asked]
    return packet.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: answers ? 0 : 3,
      questions: query.questions ?? [],
      answers: answers ?? [],
    })
  }
  const tcp = await listenTcp(
    '127.0.0.1',
    0,
    tcpConnections(async message => answer(message)),
  )
  const udp = await listenUdp('127.0.0.1', tcp.port, (message, reply) => reply(answer(message)))
  return {
    port: tcp.port,
    close: async () => {
      await udp.close()
      await tcp.close()
    },
  }
}
