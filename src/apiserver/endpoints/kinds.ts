/** What is made of all kinds that are served, and made anew when custom resources come or go. */
import { compareVersions } from '#api/apiextensions/custom/versions.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { ServerContext } from '../server-context.ts'

interface Made<T> {
  readonly revision: number
  readonly value: T
}

/** Remembers what `make` made until the set of kinds changes. */
export function madeOfKinds<T>(
  make: (kinds: readonly AnyKind[], server: ServerContext) => T,
): (server: ServerContext) => T {
  const made = new WeakMap<ServerContext, Made<T>>()
  return server => {
    const { revision } = server.registry
    const known = made.get(server)
    if (known?.revision === revision) return known.value
    const value = make(kindsOf(server), server)
    made.set(server, { revision, value })
    return value
  }
}

/** Built-in kinds in the order of their list, then the groups of custom ones by name, each with its best version first. */
export function kindsOf({ registry }: ServerContext): AnyKind[] {
  const all = [...registry.versions()].flatMap(({ resources }) => resources.map(({ kind }) => kind))
  const custom = all.filter(kind => kind.custom)
  custom.sort(
    (a, b) =>
      (a.group < b.group ? -1 : a.group > b.group ? 1 : 0) || compareVersions(a.version, b.version),
  )
  return [...all.filter(kind => !kind.custom), ...custom]
}
