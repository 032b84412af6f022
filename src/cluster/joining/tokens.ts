/** `proa token`: the secrets by which machines come into the cluster, as kubeadm has them. */
import { resolve } from 'node:path'
import { configMap } from '#api/core/v1/config-map.ts'
import { type Secret, secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { millisecondsOf } from '#api/machinery/time.ts'
import { type Clock, sleep } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import type { Invocation } from '#cli'
import type { Client } from '#client/client.ts'
import { systemClock } from '#host/clock.ts'
import { systemLog } from '#host/log.ts'
import { systemRandom } from '#host/random.ts'
import { dataDirectoryOf } from '../data-directory.ts'
import { layoutOf } from '../layout.ts'
import { askedInVain, connectionOf, remoteContext } from '../remote-context.ts'
import { parseToken } from './bootstrap-token.ts'
import { readFacts } from './cluster-facts.ts'
import { allowJoining, authorityHashes, JOINING_GROUP } from './joining-access.ts'

type TokenInvocation = Extract<
  Invocation,
  { name: 'token create' | 'token generate' | 'token list' | 'token delete' }
>
type Asking = Exclude<TokenInvocation, { name: 'token generate' }>

const NAMESPACE = 'kube-system'
const TYPE = 'bootstrap.kubernetes.io/token'
const nameOf = (id: string) => `bootstrap-token-${id}`

export async function runTokenCommand(invocation: TokenInvocation): Promise<void> {
  if (invocation.name === 'token generate') {
    process.stdout.write(`${newToken(systemRandom)}\n`)
    return
  }
  const { kubeconfig, dataDirectory } = invocation.values
  const { adminKubeconfig } = layoutOf(dataDirectoryOf(dataDirectory))
  const connection = await connectionOf(resolve(kubeconfig ?? adminKubeconfig))
  const remote = remoteContext(connection, systemLog('warn'))
  const { client } = remote.context
  try {
    const text = await answerOf(invocation, client, connection.certificateAuthority)
    process.stdout.write(`${text}\n`)
  } catch (error) {
    throw askedInVain(error, connection)
  } finally {
    await remote.stop()
  }
}

function answerOf(invocation: Asking, client: Client, ca: string | undefined) {
  switch (invocation.name) {
    case 'token create': {
      if (!ca) throw new UserError('the kubeconfig names no certificate authority')
      const [wished] = invocation.positionals
      const { ttlMs, description, printJoinCommand } = invocation.values
      return createToken(client, {
        ...{ ca, ttlMs, description, printJoinCommand },
        ...(wished === undefined ? {} : { wished }),
        clock: systemClock,
        random: systemRandom,
      })
    }
    case 'token list':
      return listTokens(client, systemClock.now())
    case 'token delete':
      return deleteToken(client, invocation.positionals[0] ?? '')
  }
}

export interface NewToken {
  /** PEM of the cluster's authority. */
  readonly ca: string
  /** 0 for one that is good for ever. */
  readonly ttlMs: number
  readonly description: string | undefined
  readonly printJoinCommand: boolean
  /** One is made otherwise. */
  readonly wished?: string
  readonly clock: Clock
  readonly random: Random
}

/** Makes a token and whatever joining needs; resolves with what to tell when the token can be used. */
export async function createToken(client: Client, options: NewToken): Promise<string> {
  const { ca, ttlMs, description, printJoinCommand, wished, clock, random } = options
  if (ttlMs < 0) throw new UserError('--ttl must not be negative; 0 is for ever')
  const token = wished ?? newToken(random)
  const { id, secret: value } = parseToken(token)
  const { server } = await readFacts(client)
  if (server === '')
    throw new UserError(
      'the API server listens on the loopback of its machine alone, where no other finds it; start proa up with --bind-address 0.0.0.0',
    )
  await allowJoining(client, server, ca)
  const expiration = new Date(clock.now() + ttlMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const texts = {
    ...{ 'token-id': id, 'token-secret': value },
    ...{ 'usage-bootstrap-authentication': 'true', 'usage-bootstrap-signing': 'true' },
    'auth-extra-groups': JOINING_GROUP,
    ...(ttlMs === 0 ? {} : { expiration }),
    ...(description === undefined ? {} : { description }),
  }
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  const metadata = { name: nameOf(id), namespace: NAMESPACE }
  try {
    await client.create(secret, { metadata, type: TYPE, data })
  } catch (error) {
    if (isStatus(error, 'AlreadyExists')) throw new UserError(`there is a token ${id} already`)
    throw error
  }
  await untilSigned(client, id, clock)
  if (!printJoinCommand) return token
  const { host } = new URL(server)
  const hashes = authorityHashes(ca).map(hash => ` --discovery-token-ca-cert-hash ${hash}`)
  return `proa join ${host} --token ${token}${hashes.join('')}`
}

/** One that nobody knows yet, not even the cluster. */
export const newToken = (random: Random): string => `${letters(random, 6)}.${letters(random, 16)}`

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

function letters(random: Random, count: number): string {
  let text = ''
  while (text.length < count)
    // Bytes beyond the last whole alphabet would make its first letters more frequent.
    for (const byte of random.bytes(count))
      if (byte < 252 && text.length < count) text += ALPHABET[byte % ALPHABET.length]
  return text
}

const SIGNED_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 50

/** Whoever joins believes what is signed with the token. */
async function untilSigned(client: Client, id: string, clock: Clock): Promise<void> {
  const started = clock.monotonicMs()
  for (;;) {
    const { data = {} } = await client.get(configMap, 'cluster-info', 'kube-public')
    if (data[`jws-kubeconfig-${id}`]) return
    if (clock.monotonicMs() - started > SIGNED_WITHIN_MS)
      throw new UserError(
        'the token is made, but nobody signs kube-public/cluster-info with it: bootstrap-signer-controller does not run',
      )
    await sleep(clock, LOOK_EVERY_MS)
  }
}

export async function listTokens(client: Pick<Client, 'list'>, nowMs: number): Promise<string> {
  const { items } = await client.list(secret, {
    namespace: NAMESPACE,
    fieldSelector: `type=${TYPE}`,
  })
  const rows = items.map(each => rowOf(each, nowMs))
  const cells = [['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], ...rows]
  const widths = (cells[0] ?? []).map((_, at) =>
    Math.max(...cells.map(row => row[at]?.length ?? 0)),
  )
  return cells
    .map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

function rowOf({ data = {} }: Secret, nowMs: number): string[] {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const expiration = text('expiration')
  const leftMs = (millisecondsOf(expiration) ?? 0) - nowMs
  const usages = ['authentication', 'signing'].filter(
    usage => text(`usage-bootstrap-${usage}`) === 'true',
  )
  return [
    `${text('token-id')}.${text('token-secret')}`,
    expiration === '' ? '<forever>' : leftMs > 0 ? shortTime(leftMs) : '<expired>',
    expiration || '<never>',
    usages.join() || '<none>',
    text('description') || '<none>',
    text('auth-extra-groups') || '<none>',
  ]
}

function shortTime(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)}s`
  return minutes < 120 ? `${minutes}m` : `${Math.floor(minutes / 60)}h`
}

export async function deleteToken(client: Pick<Client, 'delete'>, text: string): Promise<string> {
  const [id = ''] = text.split('.')
  if (!/^[a-z0-9]{6}$/.test(id)) parseToken(text)
  try {
    await client.delete(secret, { name: nameOf(id), namespace: NAMESPACE })
    return `token ${id} deleted`
  } catch (error) {
    if (isStatus(error, 'NotFound')) throw new UserError(`there is no token ${id}`)
    throw error
  }
}
