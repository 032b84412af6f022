/** What the keys are of what else is known of a user, in upstream's words. */
import { type FieldError, invalid, required } from '#api/machinery/field-error.ts'
import { isDns1123Subdomain } from '#api/machinery/names.ts'

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

/** `acme.com/project` */
export function domainPrefixErrors(key: string, field: string): FieldError[] {
  if (key === '') return [required(field)]
  const slash = key.indexOf('/')
  const [domain, path] = [key.slice(0, slash), key.slice(slash + 1)]
  if (slash <= 0 || path === '')
    return [invalid(field, key, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const [why] = isDns1123Subdomain(domain)
  const errors = why ? [invalid(field, domain, why)] : []
  if (!PATH.test(path))
    errors.push(
      invalid(
        field,
        path,
        `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
      ),
    )
  return errors
}
