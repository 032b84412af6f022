/** Opens the secure port beside a role as its flags say, and ends both together. */
import { parseFeatureGates } from '#base/feature-gates.ts'
import type { FigureSource } from '#base/figures.ts'
import { flagTexts, type ValuesOf } from '#cli'
import type { Running } from '#client/role.ts'
import { type HealthCheck, ping } from '#client/serving/health-checks.ts'
import { systemFiles } from '#host/files.ts'
import { tlsWantedBy } from '../http-options.ts'
import type { LedRole } from '../led-role.ts'
import type { Remote } from '../remote-context.ts'
import { servingPair, startRoleServer } from './role-server.ts'

type Values = Pick<
  ValuesOf<'controller-manager'>,
  | 'securePort'
  | 'bindAddress'
  | 'tlsCertFile'
  | 'tlsPrivateKeyFile'
  | 'authorizationAlwaysAllowPaths'
  | 'profiling'
  | 'featureGates'
> &
  Parameters<typeof tlsWantedBy>[0]

export interface RolePortOptions {
  readonly name: 'controller-manager' | 'scheduler' | 'cloud-controller-manager'
  readonly values: Values
  readonly remote: Remote
  readonly role: Running
  /** Where the role is elected. */
  readonly led: LedRole | undefined
  /** Beside those that every role has. */
  readonly checks: Readonly<Record<'healthz' | 'readyz', () => readonly HealthCheck[]>>
  readonly figures: readonly FigureSource[]
  readonly configuration: Readonly<Record<string, unknown>>
}

/** Gives role and port as one; ends the role where the port cannot be had, and throws the UserError that says why. */
export async function openRolePort(options: RolePortOptions): Promise<Running> {
  const { values, role } = options
  if (values.securePort === 0) return role
  try {
    return await open(options)
  } catch (error) {
    await role.stop()
    throw error
  }
}

async function open(options: RolePortOptions): Promise<Running> {
  const { name, values, remote, role, led, checks, figures, configuration } = options
  const { client, clock, random, log } = remote.context
  const { bindAddress: address, securePort: port } = values
  const files = { certFile: values.tlsCertFile, keyFile: values.tlsPrivateKeyFile }
  let isStopping = false
  const election = led ? [{ name: 'leaderElection', isGood: () => led.isHealthy }] : []
  const shutdown = { name: 'shutdown', isGood: () => !isStopping }
  const server = await startRoleServer({
    address,
    port,
    tls: servingPair(files, [address], { clock, random, files: systemFiles }),
    wanted: tlsWantedBy(values, { clock, log, files: systemFiles }),
    checks: {
      healthz: () => [...election, ...checks.healthz()],
      livez: () => [ping],
      readyz: () => [...election, shutdown, ...checks.readyz()],
    },
    figures,
    configuration,
    component: name === 'cloud-controller-manager' ? name : `kube-${name}`,
    featureGates: parseFeatureGates(values.featureGates),
    flags: flagTexts(name, values),
    random,
    profiling: values.profiling,
    alwaysAllowPaths: values.authorizationAlwaysAllowPaths,
    client,
    clock,
    log: log.with({ component: 'secure-port' }),
  })
  log.info('the secure port is open', { address, port: server.port })
  return {
    async stop() {
      isStopping = true
      await role.stop()
      await server.stop()
    },
  }
}
