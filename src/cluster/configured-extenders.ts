/** The extenders that a scheduler's configuration names, and what that means for its plugins. */
import { parseDuration } from '#api/machinery/duration.ts'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { systemFiles } from '#host/files.ts'
import type { CompleteConfiguration, SchedulerOptions } from '#scheduler'
import {
  type ExtenderConfiguration,
  resourcesIgnoredFor,
} from '#scheduler/extenders/configuration.ts'
import type { HttpExtender } from '#scheduler/extenders/http-extender.ts'

const FIT = 'NodeResourcesFit'

/** Loaded only where there are any. Throws a UserError for a file that is not there. */
export async function createExtenders(
  { extenders }: CompleteConfiguration,
  clock: Clock,
): Promise<readonly HttpExtender[]> {
  if (extenders.length === 0) return []
  const { createExtender } = await import('#scheduler/extenders/http-extender.ts')
  return extenders.map(extender => createExtender(plain(extender), { clock, readText }))
}

/** Resources that an extender keeps are left to it. */
export function leavingToExtenders(
  profiles: SchedulerOptions['profiles'],
  { extenders }: CompleteConfiguration,
): SchedulerOptions['profiles'] {
  const names = resourcesIgnoredFor(extenders.map(plain))
  if (names.length === 0) return profiles
  return profiles?.map(profile => {
    const args = (profile.pluginArgs?.get(FIT) ?? {}) as { ignoredResources?: readonly string[] }
    const ignoredResources = [...(args.ignoredResources ?? []), ...names]
    const pluginArgs = new Map(profile.pluginArgs).set(FIT, { ...args, ignoredResources })
    return { ...profile, pluginArgs }
  })
}

function plain({
  httpTimeout,
  weight,
  ...same
}: CompleteConfiguration['extenders'][number]): ExtenderConfiguration {
  return {
    ...same,
    ...(weight === undefined ? {} : { weight: Number(weight) }),
    ...(httpTimeout ? { httpTimeoutMs: Number(parseDuration(httpTimeout) / 1_000_000n) } : {}),
  } as ExtenderConfiguration
}

function readText(path: string): string {
  const content = systemFiles.read(path)
  if (content === undefined) throw new UserError(`there is no file ${path}`)
  return new TextDecoder().decode(content)
}
