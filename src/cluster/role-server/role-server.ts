/**
 * The secure port of a role that runs alone: health, figures, what it was configured with and what it is busy with, for whoever the API
 * server lets. Controllers and scheduler have the same one.
 */
import { hostname } from 'node:os'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { FigureSource } from '#base/figures.ts'
import { type CertifiedKey, issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import type { Random } from '#base/random.ts'
import type { Running } from '#client/role.ts'
import {
  createHealth,
  type HealthCheck,
  type HealthEndpoint,
} from '#client/serving/health-checks.ts'
import { serveHttps } from '#client/serving/serve-https.ts'
import { statusAnswer } from '#client/serving/serve-request.ts'
import { answerZpage, zpagesOf } from '#client/serving/zpages.ts'
import type { ApiRequest, ApiResponse } from '#client/transport.ts'
import type { Files } from '#host/files.ts'
import { certifiedKeyIn } from '../certified-key.ts'
import type { TlsFlagsWanted } from '../http-options.ts'
import { doorOf } from '../open-http.ts'
import { ownPprof } from '../own-pprof.ts'
import { type AccessOptions, createAccess } from './access.ts'
import { jsonAnswer, notFound, textAnswer } from './answers.ts'
import { createMetrics, figuresAnswer } from './metrics.ts'

export interface RoleServerOptions extends AccessOptions {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
  readonly tls: CertifiedKey
  /** Versions, ciphers, further certificates; our own choice where absent. */
  readonly wanted?: TlsFlagsWanted
  /** Asked at each request: a role has more checks once it works. */
  readonly checks: Readonly<Record<HealthEndpoint, () => readonly HealthCheck[]>>
  readonly figures: readonly FigureSource[]
  /** What /configz tells, by the name of the configuration. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** By which name upstream knows the role. */
  readonly component: string
  readonly featureGates: FeatureGates
  /** What /flagz tells. */
  readonly flags: ReadonlyMap<string, string>
  readonly random: Random
  /** Whether /debug/pprof is there. */
  readonly profiling: boolean
}

export interface RoleServer extends Running {
  readonly port: number
}

/** Resolves when the port is open. Throws a UserError where it cannot be had. */
export async function startRoleServer(options: RoleServerOptions): Promise<RoleServer> {
  const { address, port, tls, wanted, clock, log } = options
  const access = createAccess(options)
  const answer = router(options)
  const served = await serveHttps({
    addresses: [{ address, port }],
    tls: () => ({
      cert: tls.certificate,
      key: tls.key,
      ...(wanted?.named ? { named: wanted.named() } : {}),
    }),
    ...doorOf(wanted),
    handler: {
      async handle(request, peer) {
        try {
          await access(request, peer)
        } catch (error) {
          if (error instanceof StatusError) return statusAnswer(error)
          throw error
        }
        return answer(request)
      },
    },
    clock,
    log,
  })
  return { port: served.ports[0] ?? port, stop: () => served.stop() }
}

const PPROF = '/debug/pprof'

const HEALTH: Readonly<Record<string, HealthEndpoint>> = {
  healthz: 'healthz',
  livez: 'livez',
  readyz: 'readyz',
}

function router(options: RoleServerOptions): (request: ApiRequest) => Promise<ApiResponse> {
  const health = createHealth()
  const metrics = createMetrics(options.figures)
  const pprof = ownPprof(options.clock)
  const zpage = zpages(options)
  return async request => {
    const [path = '', text = ''] = request.path.split('?')
    const query = new URLSearchParams(text)
    const [, first = '', ...rest] = path.split('/')
    const endpoint = HEALTH[first]
    if (endpoint) {
      const question = { endpoint, name: rest.join('/'), query }
      const { status, text } = await health.answer(question, options.checks[endpoint]())
      return textAnswer(status, text)
    }
    if (options.profiling && (path === PPROF || path.startsWith(`${PPROF}/`))) {
      const { method, signal } = request
      return pprof({ method, path: path.slice(PPROF.length), query, signal })
    }
    switch (path) {
      case '/metrics':
        return metrics()
      case '/metrics/slis':
        return figuresAnswer([health.figures])
      case '/configz':
        return jsonAnswer(options.configuration)
      default:
        return zpage(path, query, request)
    }
  }
}

/** Beside those of the gates. */
const PAGES = ['/configz', '/healthz', '/livez', '/metrics', '/readyz']

function zpages({ component, featureGates, flags, clock, random }: RoleServerOptions) {
  const own = zpagesOf(featureGates)
  const paths = [...own, ...PAGES].sort()
  const subject = { component, startedMs: clock.now(), paths, flags }
  return async (path: string, query: URLSearchParams, { headers }: ApiRequest) => {
    if (!own.includes(path)) return notFound()
    const pretty = query.get('pretty') === 'true' || query.get('pretty') === '1'
    const question = { accept: headers?.accept, pretty, nowMs: clock.now(), random }
    try {
      return (await answerZpage(path, subject, question)) ?? notFound()
    } catch (error) {
      if (error instanceof StatusError) return statusAnswer(error)
      throw error
    }
  }
}

const DAY_MS = 86_400_000
const SELF_SIGNED_DAYS = 365

/** The certificate of the files, or, without any, one of this process's own that nobody vouches for. Throws a UserError. */
export function servingPair(
  { certFile, keyFile }: { certFile: string | undefined; keyFile: string | undefined },
  names: readonly string[],
  { clock, random, files }: { clock: Clock; random: Random; files: Pick<Files, 'read'> },
): CertifiedKey {
  if (certFile !== undefined && keyFile !== undefined)
    return certifiedKeyIn(certFile, keyFile, files)
  if (certFile !== undefined || keyFile !== undefined)
    throw new UserError('--tls-cert-file and --tls-private-key-file must be given together')
  const now = clock.now()
  const validity = { notBefore: now - DAY_MS, notAfter: now + SELF_SIGNED_DAYS * DAY_MS }
  const authority = issueAuthority(`${hostname()}-ca@${Math.floor(now / 1000)}`, validity, random)
  const subject = { commonName: `${hostname()}@${Math.floor(now / 1000)}` }
  const leaf = { subject, usages: ['server'], names: ['localhost', ...names], validity } as const
  return issueLeaf(leaf, authority, random)
}
