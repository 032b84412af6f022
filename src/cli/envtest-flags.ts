/** Flags of `proa envtest`, and of the programs in the directory that it writes: those are called with upstream's words, so they take what upstream's take. */
import { UserError } from '#base/errors.ts'
import { trust } from './apiserver-flags.ts'
import { type Flag, flag, switchFlag, textFlag } from './flags.ts'
import { listFlag } from './lists.ts'
import { type NodesWanted, parseNodes } from './nodes.ts'

/** What upstream tunes with, and has no meaning here: Proa measures itself, or does without. */
const WITHOUT_EFFECT = [
  'default-watch-cache-size',
  'delete-collection-workers',
  'endpoint-reconciler-type',
  'etcd-count-metric-poll-period',
  'etcd-db-metric-poll-interval',
  'etcd-healthcheck-timeout',
  'etcd-readycheck-timeout',
  'goaway-chance',
  'http2-max-streams-per-connection',
  'kubelet-preferred-address-types',
  'kubelet-timeout',
  'lease-reuse-duration-seconds',
  'livez-grace-period',
  'log-flush-frequency',
  'logging-format',
  'max-connection-bytes-per-sec',
  'min-request-timeout',
  'request-timeout',
  'shutdown-delay-duration',
  'storage-initialization-timeout',
  'storage-media-type',
  'v',
  'vmodule',
  'watch-cache-sizes',
] as const
const SWITCHES_WITHOUT_EFFECT = [
  'contention-profiling',
  'enable-aggregator-routing',
  'enable-garbage-collector',
  'enable-logs-handler',
  'permit-address-sharing',
  'permit-port-sharing',
  'profiling',
  'service-account-extend-token-expiration',
  'service-account-lookup',
  'watch-cache',
] as const

const NO_EFFECT = 'accepted, without effect'

const withoutEffect: Readonly<Record<string, Flag>> = Object.fromEntries([
  ...WITHOUT_EFFECT.map(name => [name, textFlag(name, 'VALUE', NO_EFFECT, undefined)]),
  ...SWITCHES_WITHOUT_EFFECT.map(name => [name, switchFlag(name, NO_EFFECT, true)]),
])

const controllers = textFlag(
  'controllers',
  'LIST',
  'which controllers run beside the API server: names, or * for all; upstream has none there (default: none, and * with --nodes)',
  undefined,
)

type NodesInMemory = { readonly kind: 'none' } | Extract<NodesWanted, { kind: 'hollow' }>

const nodes: Flag<NodesInMemory> = {
  ...flag<NodesInMemory>(
    'nodes',
    'KIND',
    'none, or hollow[:COUNT], on which pods are scheduled and simulated (default: none)',
    text => {
      const wanted = parseNodes(text)
      if (wanted.kind === 'hollow') return wanted
      if (wanted.kind === 'none') return { kind: 'none' }
      throw new UserError(`--nodes wants hollow, hollow:COUNT or none here, not "${text}"`)
    },
    { kind: 'none' },
  ),
  show: wanted => (wanted.kind === 'hollow' ? `hollow:${wanted.count}` : wanted.kind),
}

/** Of `proa envtest`. */
export const assets = {
  binDirectory: textFlag(
    'bin-dir',
    'DIR',
    'where the programs are written (default: below ~/.cache/proa/envtest)',
    undefined,
  ),
  controllers,
  nodes,
}

/** Of kube-apiserver there, beside those of `proa apiserver`. */
export const envtestApiServer = { ...trust, controllers, nodes, ...withoutEffect }

/** Of etcd there, which takes any other flag, too. */
export const envtestEtcd = {
  listenClientUrls: listFlag('listen-client-urls', 'URLS', 'where it answers', [
    'http://localhost:2379',
  ]),
}
