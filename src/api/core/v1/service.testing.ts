/** For tests of services: what becomes of what a client sends, with what is settled before all else. */
import type { FieldError } from '../../machinery/field-error.ts'
import { type Service, service } from './service.ts'
import { settleService } from './service.update.ts'
import { defaulted } from './testing.ts'

type Body = Parameters<typeof defaulted>[1]

/** As it is stored after a create, but for what is allocated. */
export function createdService(body: Body): Service {
  const draft = defaulted(service, body)
  settleService(draft)
  service.prepareForCreate(draft)
  return draft
}

/** As it is stored after an update of `previous`. */
export function updatedService(previous: Service, body: Body): Service {
  const draft = defaulted(service, body)
  settleService(draft, previous)
  service.prepareForUpdate(draft, previous)
  return draft
}

/** What is told of a write: what is wrong with addresses and families alone. */
export function wrongOf(body: Body, previous?: Service): readonly FieldError[] {
  const draft = defaulted(service, body)
  const settled = settleService(draft, previous)
  if (settled.length > 0) return settled
  if (!previous) {
    service.prepareForCreate(draft)
    return service.validate(draft)
  }
  service.prepareForUpdate(draft, previous)
  return [...service.validateUpdate(draft, previous), ...service.validate(draft, previous)]
}
