/** What kinds of this group check alike: names of drivers and the parameters that are handed to them. */
import { wrong } from '../../core/v1/validation.ts'
import { type FieldError, invalid, required, tooLong } from '../../machinery/field-error.ts'
import { isDns1123Subdomain, isQualifiedName, utf8Length } from '../../machinery/names.ts'

const MAXIMUM_DRIVER_NAME_BYTES = 63
const MAXIMUM_PARAMETERS = 512
const MAXIMUM_PARAMETER_BYTES = 256 * 1024

/** Who makes volumes: a qualified name in any case. */
export function validateProvisioner(field: string, provisioner: string): readonly FieldError[] {
  if (!provisioner) return [required(field)]
  const name = provisioner.toLowerCase()
  return wrong(field, name, isQualifiedName(name))
}

/** A CSI driver says its own name in any case; it becomes part of socket paths. */
export function validateDriverName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)]
  const errors: FieldError[] = []
  if (utf8Length(name) > MAXIMUM_DRIVER_NAME_BYTES)
    errors.push(tooLong(field, MAXIMUM_DRIVER_NAME_BYTES))
  return [...errors, ...wrong(field, name, isDns1123Subdomain(name.toLowerCase()))]
}

/** Opaque to the cluster, but limited in number and size. */
export function validateParameters(
  field: string,
  parameters: Readonly<Record<string, string>> = {},
): readonly FieldError[] {
  const entries = Object.entries(parameters)
  // Upstream counts keys here but words it as bytes.
  if (entries.length > MAXIMUM_PARAMETERS) return [tooLong(field, MAXIMUM_PARAMETERS)]
  const errors: FieldError[] = []
  if (Object.hasOwn(parameters, '')) errors.push(invalid(field, '', 'field can not be empty.'))
  if (bytesOf(parameters) > MAXIMUM_PARAMETER_BYTES)
    errors.push(tooLong(field, MAXIMUM_PARAMETER_BYTES))
  return errors
}

/** Bytes of all keys and values. */
export function bytesOf(values: Readonly<Record<string, string>> = {}): number {
  let bytes = 0
  for (const [key, value] of Object.entries(values)) bytes += utf8Length(key) + utf8Length(value)
  return bytes
}
