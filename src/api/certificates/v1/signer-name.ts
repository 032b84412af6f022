/** Names of signers, which say who signs and what for: `example.com/serving`. */
import { type FieldError, invalid, required, tooLong } from '../../machinery/field-error.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../machinery/names.ts'

const MAXIMUM_DOMAIN = 253
/** A domain, a slash, a namespace, a dot and a name. */
const MAXIMUM_NAME = MAXIMUM_DOMAIN + 1 + 63 + 1 + 253

export function validateSignerName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)]
  const [domain = '', path, ...more] = name.split('/')
  if (path === undefined || more.length > 0)
    return [
      invalid(
        field,
        name,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ]
  const errors: FieldError[] =
    domain.length > MAXIMUM_DOMAIN ? [tooLong(field, MAXIMUM_DOMAIN)] : []
  errors.push(...firstWrong(field, domain, isDns1123Label))
  if (!domain.includes('.'))
    errors.push(
      invalid(field, domain, 'should be a domain with at least two segments separated by dots'),
    )
  errors.push(...firstWrong(field, path, isDns1123Subdomain))
  if (name.length > MAXIMUM_NAME) errors.push(tooLong(field, MAXIMUM_NAME))
  return errors
}

/** What is wrong with the first part that is wrong; further ones would only repeat it. */
function firstWrong(
  field: string,
  text: string,
  check: (label: string) => readonly string[],
): FieldError[] {
  for (const label of text.split('.')) {
    const messages = check(label)
    if (messages.length > 0)
      return messages.map(why =>
        invalid(field, text, `validating label ${JSON.stringify(label)}: ${why}`),
      )
  }
  return []
}

/** Signers of the cluster itself, whose certificates are short-lived. */
export function isKubernetesSigner(name: string): boolean {
  const domain = name.split('/')[0] ?? ''
  return domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io')
}
