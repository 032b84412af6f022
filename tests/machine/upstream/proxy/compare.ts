/**
 * Runs in a network namespace of its own: an API server, upstream's kube-proxy in nftables mode, and Proa's rules beside it. Prints each packet that the
 * two tables judge otherwise, and how many it tried of each seed, a line of JSON each.
 */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { transaction } from '#host/nftables/transaction.ts'
import { createSeededRandom } from '../../../../src/client/testing/manual-clock.ts'
import { rulesetOf } from '../../../../src/proxy/ruleset.ts'
import { servicePortsOf } from '../../../../src/proxy/service-ports.ts'
import { EtcdProcess } from '../../../../src/store/testing/etcd-process.ts'
import { adminKubeconfig, Keys, startProa } from '../../etcd/servers.ts'
import { Judge } from './judge.ts'
import { HERE, NODE_IP, ProxyWorld } from './world.ts'

const [program = '', first = '1', rounds = '1'] = process.argv.slice(2)
const CLUSTER_CIDR = '10.244.0.0/16'
const SERVICES = '/api/v1/namespaces/default/services'
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

function run(command: string, words: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, words, { input, maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`)
  return stdout.toString()
}

run('ip', ['link', 'set', 'lo', 'up'])
run('ip', ['link', 'add', 'eth0', 'type', 'bridge'])
run('ip', ['addr', 'add', `${NODE_IP}/24`, 'dev', 'eth0'])
run('ip', ['link', 'set', 'eth0', 'up'])
const keys = new Keys()
const store = await EtcdProcess.start()
const api = await startProa(keys, { servers: [store.url] })
const kubeconfig = join(keys.directory, 'kube-proxy')
writeFileSync(kubeconfig, adminKubeconfig(api.url, keys))
await api.want('POST', '/api/v1/nodes', {
  metadata: { name: HERE, labels: { 'topology.kubernetes.io/zone': 'z1' } },
})
await api.want(
  'PATCH',
  `/api/v1/nodes/${HERE}/status`,
  { status: { addresses: [{ type: 'InternalIP', address: NODE_IP }] } },
  'application/merge-patch+json',
)
const words = [
  ...[`--kubeconfig=${kubeconfig}`, '--proxy-mode=nftables', `--hostname-override=${HERE}`],
  ...[`--cluster-cidr=${CLUSTER_CIDR}`, '--conntrack-max-per-core=0', '--v=0'],
]
const proxy = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
let told = ''
proxy.stderr.on('data', text => {
  told = (told + text).slice(-4000)
})
try {
  for (let seed = Number(first); seed < Number(first) + Number(rounds); seed++) await compare(seed)
} finally {
  proxy.kill('SIGKILL')
  await api.stop()
  await store.stop()
  keys.remove()
}

async function compare(seed: number): Promise<void> {
  const world = new ProxyWorld(createSeededRandom(seed))
  for (const { metadata } of (await api.want('GET', SERVICES)).items)
    await api.want('DELETE', `${SERVICES}/${metadata.name}`)
  await api.want('DELETE', SLICES)
  for (const { path, body, status } of world.objects()) {
    const { metadata } = await api.want('POST', path, body)
    if (status)
      await api.want(
        'PATCH',
        `${path}/${metadata.name}/status`,
        { status },
        'application/merge-patch+json',
      )
  }
  await seenBy(`marker-${seed}`, `10.244.9.${seed % 250}`)
  const services = (await api.want('GET', SERVICES)).items
  const slices = (await api.want('GET', SLICES)).items
  const ports = services.flatMap((service: never) =>
    servicePortsOf(service, slicesOf(service, slices), HERE, 4, 'z1'),
  )
  const rules = rulesetOf(ports, [], { clusterCidr: CLUSTER_CIDR })
  run('nft', ['-f', '-'], transaction({ family: 'ip', name: 'proa' }, undefined, rules))
  const judges = ['proa', 'kube-proxy'].map(
    table => new Judge(run('nft', ['-j', 'list', 'table', 'ip', table]), [NODE_IP, '127.0.0.1']),
  )
  const foreign = new Set(
    services
      .filter((each: { metadata: { labels?: object } }) => each.metadata.labels)
      .flatMap((each: { spec: { clusterIPs: string[] } }) => each.spec.clusterIPs),
  )
  let count = 0
  for (const packet of world.packets(services)) {
    count++
    const [ours, theirs] = judges.map(judge => judge.ends(packet).join(', '))
    // Addresses that no Service has which it serves; upstream's knows from the API which ones may be.
    const isNobodys = foreign.has(packet.destination) && ours === 'untouched' && theirs === 'drop'
    if (ours !== theirs && !isNobodys)
      console.log(JSON.stringify({ seed, ...packet, ours, theirs }))
  }
  console.log(JSON.stringify({ seed, count }))
}

function slicesOf({ metadata }: { metadata: { name: string } }, slices: never[]): never[] {
  return slices.filter(
    (slice: { metadata: { labels?: Record<string, string> } }) =>
      slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  )
}

/** Until upstream's proxy has written what was made last. */
async function seenBy(name: string, address: string): Promise<void> {
  const slice = {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    ...{ addressType: 'IPv4', endpoints: [{ addresses: [address] }], ports: [{ port: 1 }] },
  }
  await api.want('POST', SERVICES, { metadata: { name }, spec: { ports: [{ port: 9999 }] } })
  await api.want('POST', SLICES, slice)
  for (let tries = 0; tries < 300; tries++) {
    const { stdout } = spawnSync('nft', ['list', 'table', 'ip', 'kube-proxy'])
    if (stdout.includes(` ${address} . 1 `)) return
    await sleep(100)
  }
  throw new Error(`kube-proxy does not see what was made: ${told}`)
}
