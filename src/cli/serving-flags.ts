/** Flags about how requests are answered, and how the server leaves; upstream's names. */
import { UserError } from '#base/errors.ts'
import { durationFlag, flag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'
import { tlsFlags } from './tls-flags.ts'

export const MOST_GOAWAY = 0.02

const seconds = (name: string, doc: string, fallback: number) =>
  flag(
    name,
    'SECONDS',
    doc,
    text => {
      if (!/^-?\d{1,9}$/.test(text))
        throw new UserError(`--${name} wants a number of seconds, not "${text}"`)
      return Number(text)
    },
    fallback,
  )

export const servingFlags = under('Serving', {
  ...tlsFlags,
  corsAllowedOrigins: listFlag(
    'cors-allowed-origins',
    'LIST',
    'regular expressions for origins whose pages may ask; each says where the host begins and ends: //example\\.com$',
    [],
  ),
  requestTimeoutMs: durationFlag(
    'request-timeout',
    'how long a request may take that is no watch and no stream',
    60_000,
  ),
  minRequestTimeout: seconds(
    'min-request-timeout',
    'how long a watch is kept open at least, where its client says nothing; up to twice that',
    1800,
  ),
  goawayChance: flag(
    'goaway-chance',
    'N',
    'with which chance a request tells its HTTP/2 client to connect anew, so that several servers share the work; up to 0.02',
    text => {
      const chance = Number(text)
      if (text.trim() === '' || !Number.isFinite(chance))
        throw new UserError(
          `--goaway-chance wants a number from 0 to ${MOST_GOAWAY}, not "${text}"`,
        )
      if (chance < 0 || chance > MOST_GOAWAY)
        throw new UserError(`--goaway-chance can not be less than 0 or greater than ${MOST_GOAWAY}`)
      return chance
    },
    0,
  ),
  profiling: switchFlag('profiling', 'serve profiles below /debug/pprof/', true),
  shutdownDelayDurationMs: durationFlag(
    'shutdown-delay-duration',
    'how long requests are served after a SIGTERM as before, while /readyz fails',
    0,
  ),
  shutdownSendRetryAfter: switchFlag(
    'shutdown-send-retry-after',
    'after that, answer new requests with 429 until those before them are answered',
  ),
  shutdownWatchTerminationGracePeriodMs: durationFlag(
    'shutdown-watch-termination-grace-period',
    'over which time watches are ended then, one after the other; 0 ends all at once',
    0,
  ),
  strictTransportSecurityDirectives: listFlag(
    'strict-transport-security-directives',
    'LIST',
    'sent as Strict-Transport-Security: max-age=31536000,includeSubDomains,preload',
    [],
  ),
  externalHostname: textFlag(
    'external-hostname',
    'HOST',
    'the name under which clients from outside find the server, as documents tell it',
    undefined,
  ),
})
