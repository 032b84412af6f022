/** Whether every change was asked for, did what was asked, and happened once; and whether every acknowledged one happened. */
import { type Asked, contentOf, type Held, type History, type Operation } from './history.ts'
import { type Happening, show, type Truth } from './truth.ts'

export function modelViolations(history: History, truth: Truth): string[] {
  const causes = new Causes(history.operations)
  const violations = truth.happenings.flatMap(happening =>
    happening.type === 'DELETED' ? causes.ofDeletion(happening) : causes.ofWrite(happening),
  )
  for (const { client, asked, answer } of causes.unusedDeletions())
    if (answer?.kind === 'deleted')
      violations.push(
        `the delete of ${asked.verb === 'delete' && asked.name} (${answer.uid}) was acknowledged to client ${client}, and nobody saw it`,
      )
  return violations
}

class Causes {
  readonly #byMark = new Map<string, Operation>()
  readonly #deletions = new Map<string, Operation[]>()
  readonly #done = new Set<Operation>()

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const { asked } = operation
      if (asked.verb === 'delete') {
        const all = this.#deletions.get(asked.name)
        if (all) all.push(operation)
        else this.#deletions.set(asked.name, [operation])
      } else if ('data' in asked) this.#byMark.set(asked.data.last ?? '', operation)
    }
  }

  ofWrite(happening: Happening): string[] {
    const { object, previous } = happening
    const cause = this.#byMark.get(object.data.last ?? '')
    if (!cause) return [`${show(happening)}: nobody wrote that`]
    const { asked, answer } = cause
    const errors: string[] = []
    if (this.#done.has(cause)) errors.push('it happened twice')
    this.#done.add(cause)
    if (answer?.kind === 'refused') errors.push(`it was refused as ${answer.reason}`)
    if (answer?.kind === 'object' && answer.object.revision !== object.revision)
      errors.push(`it was acknowledged at ${answer.object.revision}`)
    const wanted = outcomeOf(asked, previous)
    if (wanted !== contentOf({ ...object, uid: '' })) errors.push(`it should be ${wanted}`)
    if (asked.verb === 'update' && asked.expected && asked.expected !== previous?.revision)
      errors.push(`it was to replace ${asked.expected}, not ${previous?.revision}`)
    return errors.map(error => `${show(happening)}: ${error}`)
  }

  ofDeletion(happening: Happening): string[] {
    const { object, previous } = happening
    const possible = (this.#deletions.get(object.name) ?? []).filter(
      operation =>
        operation.asked.verb === 'delete' &&
        !this.#done.has(operation) &&
        (operation.asked.expected === undefined || operation.asked.expected === previous?.revision),
    )
    const cause =
      possible.find(({ answer }) => answer?.kind === 'deleted' && answer.uid === object.uid) ??
      possible.find(({ answer }) => answer === undefined)
    if (!cause) return [`${show(happening)}: nobody deleted it`]
    this.#done.add(cause)
    return []
  }

  *unusedDeletions(): Iterable<Operation> {
    for (const operations of this.#deletions.values())
      for (const operation of operations) if (!this.#done.has(operation)) yield operation
  }
}

/** The content that a write leaves behind, but for the uid. */
function outcomeOf(asked: Asked, previous: Held | undefined): string {
  if (asked.verb === 'patch') {
    const data = { ...previous?.data, ...asked.data }
    return contentOf({ name: asked.name, uid: '', revision: 0, data, group: previous?.group ?? '' })
  }
  if (asked.verb === 'create' || asked.verb === 'update')
    return contentOf({
      name: asked.name,
      uid: '',
      revision: 0,
      data: asked.data,
      group: asked.group,
    })
  return ''
}

/** The revision at which each deletion that was acknowledged happened. */
export function deletionsByUid(truth: Truth): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const { type, object, revision } of truth.happenings)
    if (type === 'DELETED') found.set(object.uid, revision)
  return found
}
