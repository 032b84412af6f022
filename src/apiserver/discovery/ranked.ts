/** Versions of other servers in their places among our own: by the rank of the group, then by that of the version. */
import { compareVersions } from '#api/apiextensions/custom/versions.ts'
import type { Remotes, RemoteVersion } from '../aggregation/remotes.ts'
import { CUSTOM_RANK, type Rank, rankOf } from '../bootstrap/api-service-ranks.ts'
import type { DiscoveredVersion } from './resources.ts'

interface Ranked {
  readonly shown: DiscoveredVersion
  readonly rank: Rank
}

/** Our own keep their order where nothing comes between. */
export function withRemotes(own: readonly DiscoveredVersion[], remotes: Remotes) {
  if (remotes.size === 0) return own
  const groups = new Map<string, Ranked[]>()
  for (const shown of own)
    if (!remotes.find(shown.group, shown.version)) {
      const rank = ownRank(shown)
      groups.set(shown.group, [...(groups.get(shown.group) ?? []), { shown, rank }])
    }
  for (const remote of remotes) place(groups, rankedOf(remote))
  return [...groups.values()].flatMap(versions => versions.map(({ shown }) => shown))
}

/** The group of APIServices themselves has none that could move it from its place, the first. */
const ownRank = ({ group, version }: DiscoveredVersion): Rank =>
  group === 'apiregistration.k8s.io' ? FIRST : (rankOf(group, version) ?? CUSTOM_RANK)
const FIRST: Rank = { group: 20_001, version: 1 }

const rankedOf = ({ group, version, rank, discovered }: RemoteVersion): Ranked => ({
  shown: { group, version, resources: [], remote: discovered },
  rank,
})

function place(groups: Map<string, Ranked[]>, added: Ranked): void {
  const { group } = added.shown
  const known = groups.get(group)
  if (known) {
    const at = known.findIndex(each => goesBefore(added, each))
    known.splice(at < 0 ? known.length : at, 0, added)
    return
  }
  const entries = [...groups]
  const at = entries.findIndex(([, [first]]) => first && isHigher(added, first))
  groups.clear()
  entries.splice(at < 0 ? entries.length : at, 0, [group, [added]])
  for (const [name, versions] of entries) groups.set(name, versions)
}

const goesBefore = (one: Ranked, other: Ranked) =>
  one.rank.version === other.rank.version
    ? compareVersions(one.shown.version, other.shown.version) < 0
    : one.rank.version > other.rank.version

/** The rank of a group is the highest that one of its versions claims; equal ones stand by the name of the APIService. */
const isHigher = (one: Ranked, other: Ranked) =>
  one.rank.group === other.rank.group
    ? nameOf(one) < nameOf(other)
    : one.rank.group > other.rank.group

const nameOf = ({ shown: { group, version } }: Ranked) => `${version}.${group}`

/** Names of all groups in the order of their APIServices, which the list of groups has: equal ranks by the name of the first version's. */
export function groupsByService(
  versions: readonly DiscoveredVersion[],
  remotes: Remotes,
): readonly string[] {
  const ranked = versions.map((shown): Ranked => {
    const remote = remotes.find(shown.group, shown.version)
    return { shown, rank: remote?.rank ?? ownRank(shown) }
  })
  ranked.sort((one, other) => (isHigher(one, other) ? -1 : 1))
  return [...new Set(ranked.map(({ shown }) => shown.group))]
}
