/** What kube-apiserver knows beside our own flags: docs/flags.md is made of this. */
import {
  always,
  logging,
  metrics,
  type OtherFlags,
  only,
  refused,
  refusedSwitch,
  taken,
  takenSwitch,
  versions,
} from './other-flags.ts'

const CACHE = 'all kinds are kept in the watch cache, whose size follows from what there is'
const EXCHANGE = 'one server is asked for all versions that there are'
const LEADING = 'leaders are found by Leases'

export const otherApiServerFlags: OtherFlags = {
  ...logging,
  ...metrics,
  ...versions,
  'admission-control': refused('use --enable-admission-plugins'),
  'aggregator-reject-forwarding-redirect': always(true, 'redirects of others are never passed on'),
  'contention-profiling': takenSwitch('there are no locks to wait for'),
  'coordinated-leadership-lease-duration': taken(LEADING),
  'coordinated-leadership-renew-deadline': taken(LEADING),
  'coordinated-leadership-retry-period': taken(LEADING),
  'debug-socket-path': refused('profiles are served below /debug/pprof/ alone'),
  'delete-collection-workers': taken('what is deleted together is committed together'),
  'egress-selector-config-file': refused('the API server reaches nodes, webhooks and etcd itself'),
  'enable-aggregator-routing': takenSwitch(
    'an address of a Service that is ready is asked in any case',
  ),
  'enable-garbage-collector': always(
    true,
    'leave the controllers out with --controllers=*,-garbage-collector-controller',
  ),
  'enable-logs-handler': always(false, 'logs go to standard error'),
  'endpoint-reconciler-type': only('lease', 'servers are told apart by Leases'),
  'etcd-count-metric-poll-period': taken('objects are counted as they come and go'),
  'etcd-db-metric-poll-interval': taken(
    'the size of the store is asked for when somebody wants it',
  ),
  'etcd-healthcheck-timeout': taken('etcd is known to be well by the stream of its changes'),
  'etcd-readycheck-timeout': taken('etcd is known to be well by the stream of its changes'),
  'kubernetes-service-node-port': only('0', 'the Service kubernetes has a cluster address alone'),
  'lease-reuse-duration-seconds': taken('leases of etcd are not used: events end by themselves'),
  'livez-grace-period': taken('no connection is taken before everything has started'),
  'max-connection-bytes-per-sec': refused('connections are not slowed down'),
  'peer-advertise-ip': refused(EXCHANGE),
  'peer-advertise-port': refused(EXCHANGE),
  'peer-ca-file': refused(EXCHANGE),
  'permit-address-sharing': takenSwitch('an address may be listened at again at once'),
  'service-account-extend-token-expiration': always(
    true,
    'tokens of pods are good for a year where their volumes say an hour, as upstream by default',
  ),
  'service-account-lookup': always(true, 'a token of an account that is gone is never good'),
  'service-account-signing-endpoint': refused('tokens are signed by the key of a file'),
  'storage-initialization-timeout': taken('a start waits for its store'),
  'storage-media-type': only(
    ['application/vnd.kubernetes.protobuf', 'application/json', 'application/yaml'],
    'objects in etcd are protobuf, as upstream by default',
  ),
  'tls-curve-preferences': refused('curves are those of OpenSSL'),
  version: refusedSwitch('"proa version" prints it'),
  'watch-cache': always(true, CACHE),
  'watch-cache-sizes': taken(CACHE),
}
