/** From what the flags about serving ask for to what API server and listener are told. */
import type { AnsweringOptions } from '#apiserver'
import type { Door } from '#apiserver/listener/listener.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Tracer } from '#base/tracing/span.ts'
import { systemFiles } from '#host/files.ts'
import type { TlsFlagsWanted } from './http-options.ts'
import type { ServingOptions } from './options.ts'
import { ownPprof } from './own-pprof.ts'

export interface OpenHttp {
  readonly tracer?: Tracer
  readonly answering: AnsweringOptions
  readonly door: Door
  /** Tells traces that wait to be told. */
  stop(): Promise<void>
}

/** Rejects with a UserError. */
export async function openHttp(
  {
    http: wanted = {},
    tracingConfigFile,
    security,
  }: Pick<ServingOptions, 'http' | 'tracingConfigFile' | 'security'>,
  surroundings: { readonly random: Random; readonly clock: Clock; readonly log: Log },
): Promise<OpenHttp> {
  const { random } = surroundings
  const tracing =
    tracingConfigFile === undefined
      ? undefined
      : await (await import('./open-tracing.ts')).openTracing(tracingConfigFile, SERVICE, {
          ...surroundings,
          files: systemFiles,
        })
  const { corsAllowedOrigins = [], goawayChance = 0, requestTimeoutMs } = wanted
  const allowsOrigin =
    corsAllowedOrigins.length > 0 ? await originsOf(corsAllowedOrigins) : undefined
  return {
    ...(tracing ? { tracer: tracing.tracer } : {}),
    stop: async () => tracing?.stop(),
    answering: given({
      requestTimeoutMs,
      minRequestTimeoutMs: wanted.minRequestTimeoutMs,
      pprof: wanted.profiling === false ? undefined : ownPprof(surroundings.clock),
      allowsOrigin,
      strictTransportSecurity: wanted.strictTransportSecurity,
      externalHostname: wanted.externalHostname,
      jwksUri: security?.jwksUri,
      longestTokenSeconds: security?.longestTokenSeconds,
    }),
    door: {
      ...doorOf(wanted),
      ...given({ delayMs: wanted.shutdownDelayMs }),
      ...(goawayChance > 0 ? { goAway: () => random.integer(FINEST) < goawayChance * FINEST } : {}),
      leaving: given({
        sendsRetryAfter: wanted.sendsRetryAfter,
        watchGraceMs: wanted.watchGraceMs,
      }),
      limits: given({ streams: wanted.streams, requestMs: requestTimeoutMs }),
    },
  }
}

/** How connections are secured and shared. */
export function doorOf(wanted: TlsFlagsWanted = {}): Pick<Door, 'wanted' | 'reusePort' | 'limits'> {
  const { minVersion, ciphers, http2, reusePort, streams } = wanted
  return {
    ...given({ reusePort }),
    wanted: given({ minVersion, ciphers, http2 }),
    limits: given({ streams }),
  }
}

/** As upstream calls itself. */
const SERVICE = { name: 'apiserver', scope: 'k8s.io/component-base/tracing' }
const FINEST = 1_000_000

function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/** Patterns in Go's syntax, matched in linear time: whoever asks chooses the text. */
async function originsOf(patterns: readonly string[]): Promise<(origin: string) => boolean> {
  const { RE2JS } = await import('re2js')
  const compiled = patterns.map(pattern => {
    try {
      return RE2JS.compile(pattern)
    } catch (error) {
      throw new UserError(
        `--cors-allowed-origins has an invalid regular expression: ${messageOf(error)}`,
      )
    }
  })
  return origin => compiled.some(pattern => pattern.matcher(origin).find())
}
