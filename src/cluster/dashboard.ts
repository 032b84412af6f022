/** `proa dashboard`: web pages of any cluster, for one person on this machine, with that person's rights. */
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { ValuesOf } from '#cli'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'
import { type Dashboard, startDashboard } from '#dashboard'
import { systemClock } from '#host/clock.ts'
import { type Files, systemFiles } from '#host/files.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { onTermination } from '#host/signals.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { layoutOf } from './layout.ts'
import { connectionOf } from './remote-context.ts'

/** Opens the port and says where; the process then lives until a signal ends it. Throws UserErrors. */
export async function runDashboard(values: ValuesOf<'dashboard'>): Promise<void> {
  const connection = await dashboardConnection(values, process.env, systemFiles)
  const transport = createHttpTransport(connection, { clock: systemClock })
  const dashboard = await openDashboard({
    transport,
    server: connection.server,
    address: values.bindAddress,
    port: values.port,
    log: systemLog('warn'),
    onNewUrl: url => process.stdout.write(`For another browser: ${url}\n`),
  })
  onTermination(async () => {
    await dashboard.stop()
    await transport.close()
  })
  if (!/^(127\.|::1$)/.test(values.bindAddress))
    process.stderr.write(
      `proa: ${values.bindAddress} can be reached by others, and what the pages show goes there unencrypted; a tunnel (ssh -L) to 127.0.0.1 is safer\n`,
    )
  process.stdout.write(
    `The dashboard of ${connection.server} is at\n\n  ${dashboard.url}\n\nThe address lets one browser in. Ctrl-C ends it.\n`,
  )
}

/** The same for who has a cluster in this process. */
export function openDashboard(options: {
  readonly transport: Transport
  readonly server: string
  readonly address: string
  readonly port: number
  readonly log: Log
  readonly onNewUrl?: (url: string) => void
}): Promise<Dashboard> {
  return startDashboard({
    ...options,
    clock: systemClock,
    random: systemRandom,
    read: url => {
      const bytes = systemFiles.read(decodeURIComponent(url.pathname))
      if (!bytes) throw new Error(`${url.pathname} is not part of this installation`)
      return bytes
    },
  })
}

type Environment = Readonly<Record<string, string | undefined>>
type Wanted = Pick<ValuesOf<'dashboard'>, 'kubeconfig' | 'context'>

/** As kubectl finds it, and where `proa up` of this user has put it; in a pod its ServiceAccount. Throws UserErrors. */
export async function dashboardConnection(
  { kubeconfig, context }: Wanted,
  environment: Environment,
  files: Pick<Files, 'read' | 'exists'>,
): Promise<Connection> {
  const path = kubeconfig ?? usualKubeconfig(environment, files)
  if (path === undefined && environment.KUBERNETES_SERVICE_HOST !== undefined)
    return connectionOf(undefined)
  if (path === undefined)
    throw new UserError(
      'there is no kubeconfig: pass --kubeconfig FILE, set KUBECONFIG, or start a cluster with "proa up"',
    )
  const read = async (name: string) => {
    const content = files.read(name)
    if (content === undefined) throw new UserError(`there is no file ${name}`)
    return content.toString()
  }
  const whole = resolve(path)
  return connectionFromKubeconfig(
    await read(whole),
    { read, resolve: name => resolve(whole, '..', name) },
    context,
  )
}

function usualKubeconfig(
  environment: Environment,
  files: Pick<Files, 'exists'>,
): string | undefined {
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter(path => path !== '')
  // Who names files means them, so that a missing one is told and no other cluster is taken instead.
  if (named.length > 0) return named.find(path => files.exists(path)) ?? named[0]
  return [
    layoutOf(dataDirectoryOf(undefined)).adminKubeconfig,
    join(homedir(), '.kube', 'config'),
  ].find(path => files.exists(path))
}
