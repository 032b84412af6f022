import { wrong } from '../../core/v1/validation.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  patternMessage,
  utf8Length,
} from '../../machinery/names.ts'
import type { IngressClass, IngressClassParametersReference } from './ingress-class.ts'
import { validateReference } from './validation.ts'

const MAXIMUM_CONTROLLER_BYTES = 250
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const httpPath = new RegExp(`^${HTTP_PATH}$`)

export function validateIngressClass({ spec }: IngressClass): readonly FieldError[] {
  return [
    ...validateController('spec.controller', spec.controller ?? ''),
    ...(spec.parameters ? validateParameters('spec.parameters', spec.parameters) : []),
  ]
}

/** `acme.io/foo`: whose it is, and which. */
function validateController(field: string, controller: string): readonly FieldError[] {
  if (controller === '') return [required(field)]
  const errors: FieldError[] = []
  if (utf8Length(controller) > MAXIMUM_CONTROLLER_BYTES)
    errors.push(tooLong(field, MAXIMUM_CONTROLLER_BYTES))
  const slash = controller.indexOf('/')
  const [host, path] = [controller.slice(0, slash), controller.slice(slash + 1)]
  if (slash <= 0 || path === '')
    return [
      ...errors,
      invalid(field, controller, 'must be a domain-prefixed path (such as "acme.io/foo")'),
    ]
  errors.push(...wrong(field, host, isDns1123Subdomain(host)))
  if (!httpPath.test(path))
    errors.push(invalid(field, path, patternMessage('Invalid path', HTTP_PATH)))
  return errors
}

function validateParameters(
  path: string,
  parameters: IngressClassParametersReference,
): readonly FieldError[] {
  const { scope, namespace } = parameters
  const field = `${path}.namespace`
  const errors = [...validateReference(path, parameters)]
  if (scope === undefined) errors.push(required(`${path}.scope`))
  else if (scope === 'Cluster') {
    if (namespace !== undefined)
      errors.push(forbidden(field, "`parameters.scope` is set to 'Cluster'"))
  } else if (scope === 'Namespace') {
    if (namespace === undefined)
      errors.push(required(field, "`parameters.scope` is set to 'Namespace'"))
    else errors.push(...wrong(field, namespace, isDns1123Label(namespace)))
  } else errors.push(notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']))
  return errors
}
