/** The key management plugins that an EncryptionConfiguration names, connected. Loaded only where it names one. */
import type { EncryptionConfiguration } from '#apiserver/encryption/configuration.ts'
import { grpcKeyService } from '#apiserver/encryption/kms/grpc-key-service.ts'
import { type KmsFigures, kmsFigures } from '#apiserver/encryption/kms/kms-figures.ts'
import { KmsProvider } from '#apiserver/encryption/kms/kms-provider.ts'
import type { PluginSealers } from '#apiserver/encryption/sealers.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { serverId } from './server-id.ts'

export interface Plugins {
  readonly sealers: PluginSealers
  /** How long calls that are under way when others take their place may last. */
  readonly graceMs: number
  /** Why values cannot be sealed or opened now; undefined where all is well. */
  failure(): Promise<string | undefined>
  close(): void
}

export interface PluginSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly figures: KmsFigures
}

export const pluginFigures = (clock: Clock): KmsFigures => kmsFigures(clock, serverId())

/** Resolves when each of them was asked once, whatever it said. */
export async function openPlugins(
  configuration: EncryptionConfiguration,
  { figures, ...surroundings }: PluginSurroundings,
): Promise<Plugins> {
  const named = configuration.resources
    .flatMap(({ providers }) => providers)
    .filter(provider => provider.kind === 'kms')
  const plugins = named.map(({ name, path, timeoutMs }) => {
    const watch = (method: string, seconds: number, error: unknown) =>
      figures.called(name, method, seconds, error)
    const service = grpcKeyService({ path, timeoutMs, clock: surroundings.clock, watch })
    return new KmsProvider({ name, service, figures, ...surroundings })
  })
  await Promise.all(plugins.map(plugin => plugin.start()))
  return {
    sealers: new Map(plugins.map(({ name, sealer }) => [name, sealer])),
    graceMs: 2 * named.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0),
    failure: () => failureOf(plugins),
    close() {
      for (const plugin of plugins) plugin.close()
    },
  }
}

async function failureOf(plugins: readonly KmsProvider[]): Promise<string | undefined> {
  const answers = await Promise.all(plugins.map(plugin => plugin.failure()))
  const failures = answers.flatMap((failure, at) =>
    failure === undefined ? [] : [`kms-provider-${at}: ${failure}`],
  )
  return failures.length > 1 ? `[${failures.join(', ')}]` : failures[0]
}
