/** What the API server's flags ask for beside the store: who may speak for others before it, how it is known behind it, how long events live. */
import { X509Certificate } from 'node:crypto'
import type { RequestLimits } from '#apiserver'
import { messageOf, UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { ValuesOf } from '#cli'
import { certifiedKeyIn, textIn } from './certified-key.ts'
import { httpWantedBy } from './http-options.ts'
import type { FrontProxyOptions, ServingOptions } from './options.ts'
import { type Machine, reread } from './reread.ts'

type Values = Pick<
  ValuesOf<'apiserver'>,
  | Extract<keyof ValuesOf<'apiserver'>, `requestHeader${string}`>
  | 'proxyClientCertFile'
  | 'proxyClientKeyFile'
  | 'eventTtlMs'
  | 'maxRequestsInflight'
  | 'maxMutatingRequestsInflight'
  | 'enablePriorityAndFairness'
  | 'serviceNodePortRange'
  | 'defaultNotReadySeconds'
  | 'defaultUnreachableSeconds'
  | 'tracingConfigFile'
> &
  Parameters<typeof httpWantedBy>[0]

/** Throws UserErrors. */
export function servingOptionsOf(values: Values, machine: Machine): ServingOptions {
  const clientCertificate = clientCertificateOf(values, machine)
  return {
    eventTtlMs: values.eventTtlMs,
    requestLimits: requestLimitsOf(values),
    http: httpWantedBy(values, machine),
    ...(values.tracingConfigFile === undefined
      ? {}
      : { tracingConfigFile: values.tracingConfigFile }),
    nodePorts: values.serviceNodePortRange,
    tolerationSeconds: {
      notReady: values.defaultNotReadySeconds,
      unreachable: values.defaultUnreachableSeconds,
    },
    frontProxy: {
      ...requestHeadersOf(values, machine),
      ...(clientCertificate ? { clientCertificate } : {}),
    },
  }
}

/** How long a server may take to leave that does as it is told. */
export function leavingMs(
  values: Pick<
    Values,
    'shutdownDelayDurationMs' | 'shutdownWatchTerminationGracePeriodMs' | 'requestTimeoutMs'
  >,
): number {
  const { shutdownDelayDurationMs, shutdownWatchTerminationGracePeriodMs: graceMs } = values
  return shutdownDelayDurationMs + graceMs + 2 * values.requestTimeoutMs + CLOSING_MS
}
/** The store, and what else is open. */
const CLOSING_MS = 5_000

function requestLimitsOf(values: Values): RequestLimits {
  const {
    maxRequestsInflight: reads,
    maxMutatingRequestsInflight: writes,
    enablePriorityAndFairness: areShared,
  } = values
  if (areShared && reads + writes === 0)
    throw new UserError(
      '--max-requests-inflight and --max-mutating-requests-inflight must add up to something positive, for --enable-priority-and-fairness shares the sum out',
    )
  return { reads, writes, areShared }
}

/** With an authority of one's own nothing is believed but what the flags say; without, they change what kubeadm would say. */
function requestHeadersOf(values: Values, machine: Machine): FrontProxyOptions {
  const { files, log } = machine
  const {
    requestHeaderClientCaFile: file,
    requestHeaderAllowedNames: names,
    requestHeaderUsernameHeaders: usernameHeaders,
    requestHeaderUidHeaders: uidHeaders,
    requestHeaderGroupHeaders: groupHeaders,
    requestHeaderExtraHeadersPrefix: extraPrefixes,
  } = values
  refuseBlank('requestheader-username-headers', usernameHeaders)
  refuseBlank('requestheader-group-headers', groupHeaders)
  refuseBlank('requestheader-extra-headers-prefix', extraPrefixes)
  refuseBlank('requestheader-allowed-names', names)
  refuseBlank('requestheader-uid-headers', uidHeaders)
  const lacks = (given: readonly string[] | undefined, standard: string) =>
    given && !given.some(each => each.toLowerCase() === standard.toLowerCase())
  const without = (flag: string, standard: string) =>
    `--${flag} is set without specifying the standard ${standard} - API aggregation will not work`
  if (lacks(uidHeaders, 'X-Remote-Uid'))
    throw new UserError(without('requestheader-uid-headers', 'X-Remote-Uid header'))
  if (lacks(usernameHeaders, 'X-Remote-User'))
    log.warn(without('requestheader-username-headers', 'X-Remote-User header'))
  if (lacks(groupHeaders, 'X-Remote-Group'))
    log.warn(without('requestheader-group-headers', 'X-Remote-Group header'))
  if (lacks(extraPrefixes, 'X-Remote-Extra-'))
    log.warn(without('requestheader-extra-headers-prefix', 'X-Remote-Extra- header prefix'))
  const headers = given({ usernameHeaders, uidHeaders, groupHeaders, extraPrefixes })
  if (file === undefined) return { ...(names ? { names } : {}), headers }
  const none = { usernameHeaders: [], uidHeaders: [], groupHeaders: [], extraPrefixes: [] }
  return {
    authorities: reread(() => authoritiesIn(file, files), 'the CA of front proxies', machine),
    names: names ?? [],
    headers: { ...none, ...headers },
  }
}

function refuseBlank(flag: string, values: readonly string[] = []): void {
  if (values.some(value => value.trim() === ''))
    throw new UserError(`empty value in ${JSON.stringify(flag)}`)
}

function given<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}

function authoritiesIn(file: string, files: Machine['files']): readonly string[] {
  const texts = certificatesIn(textIn(file, files))
  if (texts.length === 0)
    throw new UserError(`--requestheader-client-ca-file ${file}: there is no certificate`)
  try {
    for (const text of texts) new X509Certificate(text)
  } catch (error) {
    throw new UserError(`--requestheader-client-ca-file ${file}: ${messageOf(error)}`)
  }
  return texts
}

function clientCertificateOf(
  { proxyClientCertFile: certificate, proxyClientKeyFile: key }: Values,
  machine: Machine,
): (() => CertifiedKey) | undefined {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined)
    throw new UserError(
      '--proxy-client-cert-file and --proxy-client-key-file belong together: give both or none',
    )
  const read = () => certifiedKeyIn(certificate, key, machine.files)
  return reread(read, 'the proxy client certificate', machine)
}

/** The same of a whole cluster, which otherwise takes the usual time: its roles need no more. */
export function clusterLeavingMs(values: Parameters<typeof leavingMs>[0]): number | undefined {
  const { shutdownDelayDurationMs, shutdownWatchTerminationGracePeriodMs } = values
  const isAtOnce = shutdownDelayDurationMs + shutdownWatchTerminationGracePeriodMs === 0
  return isAtOnce ? undefined : leavingMs(values)
}
