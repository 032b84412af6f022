/** Flags that controllers and scheduler have alike where they run alone. */
import { address } from './addresses.ts'
import { portFlag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'
import { tlsFlags } from './tls-flags.ts'

/** The secure port of a role that runs alone; upstream's names. */
export const roleServing = (port: number) =>
  under('Serving', {
    securePort: portFlag('secure-port', 'port of health and metrics; 0 opens none', port),
    bindAddress: address('bind-address', 'where that port listens', '127.0.0.1'),
    tlsCertFile: textFlag(
      'tls-cert-file',
      'FILE',
      'its serving certificate (default: one made at the start, which nobody vouches for)',
      undefined,
    ),
    ...tlsFlags,
    tlsPrivateKeyFile: textFlag('tls-private-key-file', 'FILE', 'the key to it', undefined),
    authorizationAlwaysAllowPaths: listFlag(
      'authorization-always-allow-paths',
      'PATHS',
      'what everybody may ask there, comma separated',
      ['/healthz', '/readyz', '/livez'],
    ),
    profiling: switchFlag('profiling', 'serve profiles below /debug/pprof/', true),
  })
