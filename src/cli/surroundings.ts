/** Flags about what stands before the API server and behind it, how much it takes on, and how long events live; upstream's names. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

/** Names with commas between them; undefined where nobody said any. */
const names = (name: string, doc: string) => listFlag(name, 'LIST', doc, undefined)

const requests = (name: string, doc: string, fallback: number) =>
  flag(
    name,
    'N',
    doc,
    text => {
      if (!/^\d{1,9}$/.test(text))
        throw new UserError(`--${name} wants a number of requests, not "${text}"`)
      return Number(text)
    },
    fallback,
  )

const tolerationSeconds = (taint: 'not-ready' | 'unreachable') =>
  flag(
    `default-${taint}-toleration-seconds`,
    'SECONDS',
    `how long pods stay on a node that is ${taint}, where they do not say themselves`,
    text => {
      if (!/^-?\d{1,15}$/.test(text))
        throw new UserError(
          `--default-${taint}-toleration-seconds wants a number of seconds, not "${text}"`,
        )
      return Number(text)
    },
    300,
  )

const LAST_PORT = 65_535

function portRange(text: string) {
  const [, from, to, count] = /^(\d{1,6})(?:-(\d{1,6})|\+(\d{1,6}))?$/.exec(text.trim()) ?? []
  const first = Number(from)
  const last = to ? Number(to) : first + Number(count ?? 0)
  if (from === undefined || first < 1 || last < first || last > LAST_PORT)
    throw new UserError(
      `--service-node-port-range wants ports such as 30000-32767, from 1 to ${LAST_PORT}, not "${text}"`,
    )
  return { first, last }
}

export const surroundings = under('Proxies and limits', {
  requestHeaderClientCaFile: textFlag(
    'requestheader-client-ca-file',
    'FILE',
    'the CA of proxies that say in headers who asks (default: front-proxy-ca in the data dir)',
    undefined,
  ),
  requestHeaderAllowedNames: names(
    'requestheader-allowed-names',
    'common names of such proxies; without any, all that the CA signed',
  ),
  requestHeaderUsernameHeaders: names(
    'requestheader-username-headers',
    'headers that name the user; X-Remote-User is usual',
  ),
  requestHeaderUidHeaders: names(
    'requestheader-uid-headers',
    'headers with the UID; X-Remote-Uid must be among them',
  ),
  requestHeaderGroupHeaders: names(
    'requestheader-group-headers',
    'headers that name groups; X-Remote-Group is usual',
  ),
  requestHeaderExtraHeadersPrefix: names(
    'requestheader-extra-headers-prefix',
    'what headers with anything else begin with; X-Remote-Extra- is usual',
  ),
  proxyClientCertFile: textFlag(
    'proxy-client-cert-file',
    'FILE',
    'certificate to show to the servers of APIServices (default: our own)',
    undefined,
  ),
  proxyClientKeyFile: textFlag('proxy-client-key-file', 'FILE', 'the key to it', undefined),
  maxRequestsInflight: requests(
    'max-requests-inflight',
    'how many reads are answered at once; 0 is no limit',
    400,
  ),
  maxMutatingRequestsInflight: requests(
    'max-mutating-requests-inflight',
    'how many writes are answered at once; 0 is no limit',
    200,
  ),
  enablePriorityAndFairness: switchFlag(
    'enable-priority-and-fairness',
    'share the sum of both out as FlowSchemas and PriorityLevelConfigurations say',
    true,
  ),
  serviceNodePortRange: {
    ...flag<{ readonly first: number; readonly last: number }>(
      'service-node-port-range',
      'FIRST-LAST',
      'ports of nodes that Services may have (default: 30000-32767); also a port and how many follow it, 30000+100',
      portRange,
      { first: 30_000, last: 32_767 },
    ),
    show: ({ first, last }: { readonly first: number; readonly last: number }) =>
      `${first}-${last}`,
  },
  defaultNotReadySeconds: tolerationSeconds('not-ready'),
  defaultUnreachableSeconds: tolerationSeconds('unreachable'),
  tracingConfigFile: textFlag(
    'tracing-config-file',
    'FILE',
    'a TracingConfiguration: which requests are traced, and who is told (docs/tracing.md)',
    undefined,
  ),
  eventTtlMs: durationFlag('event-ttl', 'how long events are kept; 0 is for ever', 60 * 60_000),
})
