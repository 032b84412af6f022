/** Who is asked about rights, as flags or a file say. Loaded only where somebody does not want the node authorizer and RBAC. */
import { statSync } from 'node:fs'
import type { SecurityOptions } from '#apiserver'
import { abacAuthorizer, abacPoliciesIn } from '#apiserver/authorization/abac.ts'
import { alwaysAllow, alwaysDeny } from '#apiserver/authorization/always.ts'
import { type Authorizer, unionAuthorizer } from '#apiserver/authorization/authorizer.ts'
import {
  type ConfiguredAuthorizer,
  parseAuthorizationConfiguration,
  type WebhookConfiguration,
} from '#apiserver/authorization/configuration.ts'
import type { Mode } from '#apiserver/authorization/modes.ts'
import { accessWebhook } from '#apiserver/authorization/webhook/access-webhook.ts'
import { webhookFigures } from '#apiserver/authorization/webhook/webhook-figures.ts'
import { reloadFigures } from '#apiserver/configuration/reload-figures.ts'
import type { ReviewTarget } from '#apiserver/configuration/review-caller.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { FigureSource } from '#base/figures.ts'
import type { Log } from '#base/log.ts'
import { connectionInCluster } from '#client/kubeconfig.ts'
import type { Files } from '#host/files.ts'
import type { AuthorizationSettings } from './authorization-options.ts'
import { bytesOf, followFile } from './followed-file.ts'
import { reviewTargetIn, targetOf } from './review-target.ts'
import { serverId } from './server-id.ts'

export interface AuthorizationSurroundings {
  readonly files: Pick<Files, 'read'>
  readonly clock: Clock
  readonly log: Log
}

export interface OpenAuthorization {
  readonly security: Required<Pick<SecurityOptions, 'authorizerOver'>>
  /** Whether everything is allowed to whoever comes. */
  readonly allowsAll: boolean
  readonly figures: readonly FigureSource[]
  close(): void
}

type BuiltIn = Parameters<NonNullable<SecurityOptions['authorizerOver']>>[0]

/** One of the configuration, with what had to be read or opened for it. */
interface Ready {
  readonly type: Mode
  readonly name: string
  readonly authorizer: (builtIn: BuiltIn) => Authorizer
  readonly target?: ReviewTarget
}

const BEHIND_FLAGS = { timeoutMs: 30_000, failurePolicy: 'NoOpinion', matchConditions: [] } as const
const AUTHORIZED_TTL_MS = 5 * 60_000
const UNAUTHORIZED_TTL_MS = 30_000
/** Questions may be under way to those who are asked no more. */
const GRACE_MS = 60_000

/** Rejects with a UserError. */
export async function openAuthorization(
  settings: AuthorizationSettings,
  surroundings: AuthorizationSurroundings,
): Promise<OpenAuthorization> {
  const { configFile, policyFile } = settings
  const { files, clock, log } = surroundings
  const ofWebhooks = webhookFigures()
  const ofFile = reloadFigures(clock, serverId(), 'authorization')
  const parse = (bytes: Uint8Array) => parseAuthorizationConfiguration(bytes, whyNoFile)
  const bytes = configFile === undefined ? undefined : bytesOf(configFile, files)
  const configured = bytes ? await parse(bytes) : configuredByFlags(settings)
  const policies = policyFile === undefined ? [] : policiesIn(policyFile, files)
  const prepare = async (each: ConfiguredAuthorizer): Promise<Ready> => {
    const { type, name } = each
    if (type !== 'Webhook') return { type, name, authorizer: builtIn => localOf(type, builtIn) }
    const target = await targetFor(each.webhook, files)
    const webhook = accessWebhook({ ...each.webhook, name, target, clock, figures: ofWebhooks })
    return { type, name, authorizer: () => webhook, target }
  }
  const localOf = (type: Exclude<Mode, 'Webhook'>, { node, rbac }: BuiltIn): Authorizer =>
    ({
      Node: () => node,
      RBAC: () => rbac,
      ABAC: () => abacAuthorizer(policies),
      AlwaysAllow: () => alwaysAllow,
      AlwaysDeny: () => alwaysDeny,
    })[type]()
  const prepareAll = async (all: readonly ConfiguredAuthorizer[]) => {
    const ready: Ready[] = []
    try {
      for (const each of all) ready.push(await prepare(each))
      return ready
    } catch (error) {
      closeAll(ready)
      throw new UserError(`invalid authorization config: ${messageOf(error)}`)
    }
  }
  let ready = await prepareAll(configured)
  let builtIn: BuiltIn | undefined
  let current: Authorizer | undefined
  const assemble = () => {
    const known = builtIn
    if (known)
      current = unionAuthorizer(
        ready.map(({ type, name, authorizer }) =>
          known.figures.counted(type, name, authorizer(known)),
        ),
      )
  }
  const leaving = new Map<readonly Ready[], () => void>()
  const leave = (before: readonly Ready[]) => {
    const cancel = clock.after(GRACE_MS, () => {
      leaving.delete(before)
      closeAll(before)
    })
    leaving.set(before, cancel)
  }
  const stopFollowing =
    bytes && configFile !== undefined
      ? followFile(bytes, {
          path: configFile,
          files,
          clock,
          log,
          figures: ofFile,
          async take(changed) {
            const next = await parse(changed)
            refuseOtherTypes(configured, next)
            const before = ready
            ready = await prepareAll(next)
            leave(before)
            assemble()
          },
        })
      : () => {}
  return {
    security: {
      authorizerOver(given) {
        builtIn = given
        assemble()
        const now = () => {
          if (!current) throw new Error('there are no authorizers yet')
          return current
        }
        return {
          authorize: attributes => now().authorize(attributes),
          rulesFor: (user, namespace) => now().rulesFor(user, namespace),
        }
      },
    },
    allowsAll: configured.some(({ type }) => type === 'AlwaysAllow'),
    figures: [ofWebhooks.source, ofFile.source],
    close() {
      stopFollowing()
      closeAll(ready)
      for (const [each, cancel] of leaving) {
        cancel()
        closeAll(each)
      }
    },
  }
}

function closeAll(ready: readonly Ready[]): void {
  for (const { target } of ready) target?.caller.close()
}

function configuredByFlags({
  modes = ['Node', 'RBAC'],
  webhook,
}: AuthorizationSettings): readonly ConfiguredAuthorizer[] {
  return modes.map(type => {
    if (type !== 'Webhook') return { type, name: type.toLowerCase() }
    const { version = 'v1beta1', authorizedTtlMs, unauthorizedTtlMs, configFile } = webhook ?? {}
    return {
      type,
      name: 'default',
      webhook: {
        ...BEHIND_FLAGS,
        version,
        authorizedTtlMs: authorizedTtlMs ?? AUTHORIZED_TTL_MS,
        unauthorizedTtlMs: unauthorizedTtlMs ?? UNAUTHORIZED_TTL_MS,
        kubeConfigFile: configFile,
      },
    }
  })
}

/** Webhooks may come and go; whether RBAC counts is decided at the start. */
function refuseOtherTypes(
  before: readonly ConfiguredAuthorizer[],
  after: readonly ConfiguredAuthorizer[],
): void {
  const local = (all: readonly ConfiguredAuthorizer[]) =>
    all.flatMap(({ type }) => (type === 'Webhook' ? [] : [type])).sort()
  const [was, is] = [local(before), local(after)]
  if (was.join() !== is.join())
    throw new UserError(
      `the types ${was.join(', ')} cannot become ${is.join(', ')} without a restart`,
    )
}

async function targetFor(
  { kubeConfigFile }: WebhookConfiguration,
  files: Pick<Files, 'read'>,
): Promise<ReviewTarget> {
  if (kubeConfigFile !== undefined) return reviewTargetIn(kubeConfigFile, files)
  const connection = await connectionInCluster(process.env, {
    read: async path => bytesOf(path, files).toString(),
  })
  return targetOf(connection)
}

function policiesIn(path: string, files: Pick<Files, 'read'>) {
  try {
    return abacPoliciesIn(bytesOf(path, files).toString(), path)
  } catch (error) {
    throw new UserError(`invalid authorization config: ${messageOf(error)}`)
  }
}

/** As upstream looks at it before it reads it. */
function whyNoFile(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return `error loading file: stat ${path}: no such file or directory`
  return found.isFile() ? undefined : 'must be a regular file'
}
