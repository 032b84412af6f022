/** The subresource of that name: containers can be added while a pod runs, and nothing else may change. */
import { type FieldError, forbidden } from '../../../machinery/field-error.ts'
import { goQuote } from '../../../machinery/go-quote.ts'
import { differencesOf } from '../differences.ts'
import { THE_POD } from './resize.ts'
import type { Pod } from './schema.ts'
import { MIRROR_ANNOTATION, validateAnnotationUpdate } from './validation.annotations.ts'

/** Pods from files have none, and nothing else is told of them then. */
export function ephemeralContainersRefusal({ metadata }: Pod): FieldError | undefined {
  return metadata.annotations?.[MIRROR_ANNOTATION] === undefined
    ? undefined
    : forbidden(THE_POD, 'static pods do not support ephemeral containers')
}

export function validateEphemeralContainersUpdate(next: Pod, previous: Pod): readonly FieldError[] {
  const path = 'spec.ephemeralContainers'
  const errors = validateAnnotationUpdate(next, previous)
  for (const before of previous.spec.ephemeralContainers ?? []) {
    const after = next.spec.ephemeralContainers?.findLast(({ name }) => name === before.name)
    const named = `existing ephemeral containers ${goQuote(before.name)}`
    if (!after) {
      errors.push(forbidden(path, `${named} may not be removed\n`))
      continue
    }
    const differences = differencesOf(after, before, path)
    if (differences.length > 0)
      errors.push(forbidden(path, `${named} may not be changed\n${differences.join('\n')}\n`))
  }
  return errors
}
