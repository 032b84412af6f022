/** `proa federation join` and `unjoin`: which clusters belong to a federation. */
import { resolve } from 'node:path'
import { messageOf, UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import type { Invocation } from '#cli'
import { createClient } from '#client/api-client.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { join, unjoin } from '#federation'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { dataDirectoryOf } from './data-directory.ts'
import { layoutOf } from './layout.ts'
import { askedInVain, connectionOf, remoteContext } from './remote-context.ts'

type Membership = Extract<Invocation, { name: 'federation join' | 'federation unjoin' }>

/** Throws UserErrors. */
export async function runMembership(invocation: Membership): Promise<void> {
  const [name = ''] = invocation.positionals
  const { kubeconfig, dataDirectory } = invocation.values
  const file = kubeconfig ?? layoutOf(dataDirectoryOf(dataDirectory)).adminKubeconfig
  const host = await connectionOf(file)
  const remote = remoteContext(host, silentLog)
  const { client } = remote.context
  try {
    if (invocation.name === 'federation unjoin') {
      await unjoin(client, name)
      process.stdout.write(`cluster ${name} has left the federation; what was placed there stays\n`)
      return
    }
    const { clusterKubeconfig, clusterContext, clusterLabels } = invocation.values
    if (clusterKubeconfig === undefined)
      throw new UserError('--cluster-kubeconfig FILE is needed: it says where the cluster is')
    const connection = await connectionIn(clusterKubeconfig, clusterContext)
    await reach(connection)
    await join(client, systemClock, {
      name,
      labels: clusterLabels,
      server: connection.server,
      certificateAuthority: connection.certificateAuthority,
      kubeconfig: wholeKubeconfig(name, connection),
    })
    process.stdout.write(`cluster ${name} has joined the federation\n`)
  } catch (error) {
    const told = askedInVain(error, host)
    throw told instanceof UserError ? told : new UserError(messageOf(told))
  } finally {
    await remote.stop()
  }
}

async function connectionIn(file: string, context: string | undefined): Promise<Connection> {
  const path = resolve(file)
  const read = async (each: string) => {
    const content = systemFiles.read(each)
    if (content === undefined) throw new UserError(`there is no file ${each}`)
    return content.toString()
  }
  const files = { read, resolve: (each: string) => resolve(path, '..', each) }
  return connectionFromKubeconfig(await read(path), files, context)
}

/** A mistake is noticed by whoever makes it, not by the federation later. */
async function reach(connection: Connection): Promise<void> {
  const transport = createHttpTransport(connection, { clock: systemClock })
  try {
    await createClient(transport).getPath('/version')
  } catch (error) {
    throw new UserError(`the cluster at ${connection.server} cannot be asked: ${messageOf(error)}`)
  } finally {
    await transport.close()
  }
}

/** With nothing in it that is elsewhere: whoever reads it in its Secret has none of the files. */
function wholeKubeconfig(name: string, connection: Connection): string {
  const { server, certificateAuthority, clientCertificate, clientKey, token } = connection
  if (typeof token === 'function')
    throw new UserError(
      'the kubeconfig signs in by a token in a file, which the federation could not read again; use a client certificate or a token',
    )
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const { insecureSkipTlsVerify, tlsServerName } = connection
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server,
          ...(certificateAuthority
            ? { 'certificate-authority-data': base64(certificateAuthority) }
            : {}),
          ...(insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
          ...(tlsServerName ? { 'tls-server-name': tlsServerName } : {}),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          ...(clientCertificate ? { 'client-certificate-data': base64(clientCertificate) } : {}),
          ...(clientKey ? { 'client-key-data': base64(clientKey) } : {}),
          ...(token ? { token } : {}),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}
