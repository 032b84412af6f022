/** Whom a kubeconfig says to ask about tokens or access, in upstream's words where it says it wrongly. */
import { dirname, resolve } from 'node:path'
import { isPlainObject } from '#api/machinery/plain.ts'
import { parseYaml } from '#api/machinery/yaml.ts'
import type { ReviewTarget } from '#apiserver/configuration/review-caller.ts'
import { messageOf, UserError } from '#base/errors.ts'
import { type Connection, connectionFromKubeconfig } from '#client/kubeconfig.ts'
import { createUrlCaller } from '#client/webhooks/url-caller.ts'
import type { Files } from '#host/files.ts'

/** Reviews are small; more is a mistake or an attack. */
const ANSWER_BYTES = 1024 * 1024

/** Rejects with a UserError. Its caller is to be closed in the end. */
export async function reviewTargetIn(
  path: string,
  files: Pick<Files, 'read'>,
): Promise<ReviewTarget> {
  const bytes = files.read(path)
  if (!bytes) throw new UserError(`stat ${path}: no such file or directory`)
  const failed = (why: string) =>
    new UserError(`error loading config file ${JSON.stringify(path)}: ${why}`)
  let connection: Connection
  try {
    refuseOthers(parseYaml(bytes))
    connection = await connectionFromKubeconfig(bytes.toString(), {
      read: async name => textOf(name, files),
      resolve: name => resolve(dirname(path), name),
    })
  } catch (error) {
    throw failed(messageOf(error))
  }
  return targetOf(connection)
}

export function targetOf(connection: Connection): ReviewTarget {
  const { server: url, token } = connection
  const caller = createUrlCaller(
    {
      authority: connection.certificateAuthority,
      certificate: connection.clientCertificate,
      key: connection.clientKey,
      serverName: connection.tlsServerName,
      insecure: connection.insecureSkipTlsVerify,
    },
    { answerBytes: ANSWER_BYTES },
  )
  const told = typeof token === 'string' ? async () => token : token
  return { url, caller, ...(told ? { token: told } : {}) }
}

function refuseOthers(value: unknown): void {
  const { kind, apiVersion } = isPlainObject(value) ? value : {}
  if (kind === 'Config' && apiVersion === 'v1') return
  if (kind === undefined && apiVersion === undefined) return
  throw new UserError(
    `no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}`,
  )
}

function textOf(path: string, files: Pick<Files, 'read'>): string {
  const bytes = files.read(path)
  if (!bytes) throw new UserError(`open ${path}: no such file or directory`)
  return bytes.toString()
}
