/**
 * What a store may never do, told from what its clients saw. Clients note every write when it begins and when it is
 * acknowledged; what was begun and never answered may have happened or not.
 */

export interface Write {
  readonly name: string
  readonly kind: 'create' | 'update' | 'delete'
  /** No two writes of a history have the same. Empty for deletions. */
  readonly value: string
  isAcknowledged?: boolean
  /** Of acknowledged writes; answers to deletions do not tell it. */
  revision?: number
  /** The client was told that it did not happen. */
  isRefused?: boolean
}

/** What is there after a restart. */
export interface Found {
  readonly name: string
  readonly value: string
  readonly revision: number
}

export interface Seen {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly name: string
  readonly value: string
  readonly revision: number
}

export interface History {
  /** In the order in which they began; one client at a time writes a name. */
  readonly writes: readonly Write[]
  readonly found: readonly Found[]
  /** Of one watcher that resumed after each crash. */
  readonly seen: readonly Seen[]
  /** Of the whole store, as lists told it, in real time. */
  readonly listRevisions: readonly number[]
}

/** One sentence for each broken promise. */
export function violationsIn(history: History): string[] {
  return [
    ...reusedRevisions(history),
    ...wrongStates(history),
    ...backwards(history),
    ...wrongEvents(history),
  ]
}

function reusedRevisions({ writes }: History): string[] {
  const first = new Map<number, Write>()
  const errors: string[] = []
  for (const write of writes) {
    if (write.revision === undefined) continue
    const other = first.get(write.revision)
    if (other)
      errors.push(`revision ${write.revision} was given to ${other.name} and ${write.name}`)
    first.set(write.revision, write)
  }
  return errors
}

/** Each object must be as its last acknowledged write left it, or as one of the unanswered writes behind that one did. */
function wrongStates({ writes, found }: History): string[] {
  const byName = Map.groupBy(writes, write => write.name)
  const there = new Map(found.map(object => [object.name, object]))
  const errors: string[] = []
  for (const object of found)
    if (!byName.has(object.name)) errors.push(`${object.name} is there, and nobody made it`)
  for (const [name, all] of byName) {
    const tried = all.filter(write => !write.isRefused)
    const lastAt = tried.findLastIndex(write => write.isAcknowledged)
    const last = tried[lastAt]
    const possible = tried.slice(Math.max(0, lastAt))
    const object = there.get(name)
    const mayBeGone = lastAt < 0 || possible.some(write => write.kind === 'delete')
    if (!object) {
      if (!mayBeGone) errors.push(`${name} is gone; its last write was ${last?.value}`)
      continue
    }
    const match = possible.find(write => write.kind !== 'delete' && write.value === object.value)
    if (!match) errors.push(`${name} is ${object.value}; its last write was ${describe(last)}`)
    else if (match.revision !== undefined && match.revision !== object.revision)
      errors.push(`${name} was at revision ${match.revision} and is now at ${object.revision}`)
  }
  return errors
}

const describe = (write: Write | undefined) =>
  write ? `${write.kind} ${write.value} at ${write.revision}` : 'none'

function backwards({ writes, seen, listRevisions }: History): string[] {
  const errors: string[] = []
  for (const [what, revisions] of [
    ['lists', listRevisions],
    ['the watcher', seen.map(event => event.revision)],
    ...[...Map.groupBy(writes, write => write.name)].map(
      ([name, all]) => [name, all.flatMap(({ revision }) => revision ?? [])] as const,
    ),
  ] as const)
    revisions.forEach((revision, at) => {
      const before = revisions[at - 1] ?? 0
      const isWrong = what === 'lists' ? revision < before : revision <= before
      if (isWrong) errors.push(`${what}: revision ${revision} came after ${before}`)
    })
  return errors
}

/** The watcher saw every acknowledged write, as it was, and nothing that nobody wrote. */
function wrongEvents({ writes, seen }: History): string[] {
  const errors: string[] = []
  const byRevision = new Map(seen.map(event => [event.revision, event]))
  for (const { revision, name, kind, value } of writes) {
    if (revision === undefined) continue
    const event = byRevision.get(revision)
    if (!event) errors.push(`the watcher missed the ${kind} of ${name} at ${revision}`)
    else if (event.name !== name || (kind !== 'delete' && event.value !== value))
      errors.push(`at ${revision} ${name} was written and ${event.name} was seen`)
    else if ((kind === 'delete') !== (event.type === 'DELETED'))
      errors.push(`at ${revision} a ${kind} was seen as ${event.type}`)
  }
  const deletions = (all: readonly { name: string }[]) => Map.groupBy(all, ({ name }) => name)
  const deleted = deletions(seen.filter(({ type }) => type === 'DELETED'))
  const acknowledged = writes.filter(
    ({ kind, isAcknowledged }) => kind === 'delete' && isAcknowledged,
  )
  for (const [name, all] of deletions(acknowledged))
    if ((deleted.get(name)?.length ?? 0) < all.length)
      errors.push(`the watcher missed a delete of ${name}`)
  const written = new Set(writes.filter(({ isRefused }) => !isRefused).map(({ value }) => value))
  for (const { type, name, value, revision } of seen)
    if (type !== 'DELETED' && !written.has(value))
      errors.push(`the watcher saw ${name} as ${value} at ${revision}, which nobody wrote`)
  return errors
}
