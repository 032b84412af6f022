/**
 * Fields that are unknown or given twice: refused, told or ignored as the query's `fieldValidation` asks. What is wrong is a
 * list of texts in the order in which it stands in the body.
 */
import { fieldsInOrder } from '#api/machinery/json-scan.ts'
import { badRequest, type StatusError } from '#api/machinery/status.ts'
import type { Exchange } from '../exchange.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export const fieldValidationOf = ({ info }: Exchange): FieldValidation =>
  (info.query.get('fieldValidation') || 'Warn') as FieldValidation

/** What clients are told at most. */
const MAXIMUM_COMPLAINTS = 100

export interface ReadFields {
  readonly unknown: readonly string[]
  readonly duplicates: readonly string[]
  /** The JSON in which they stand, where their order is to be told from it. */
  readonly json?: Uint8Array | undefined
}

export function complaintsAbout({ unknown, duplicates, json }: ReadFields): string[] {
  if (json && unknown.length + duplicates.length > 1)
    return fieldsInOrder(json, unknown, duplicates)
  return [
    ...unknown.map(path => `unknown field ${JSON.stringify(path)}`),
    ...duplicates.map(path => `duplicate field ${JSON.stringify(path)}`),
  ]
}

/** `refuse` makes the error of Strict from the sentence that says what is wrong. */
export function report(
  exchange: Exchange,
  complaints: readonly string[],
  refuse: (sentence: string) => StatusError,
): void {
  if (complaints.length === 0) return
  const mode = fieldValidationOf(exchange)
  if (mode === 'Ignore') return
  if (mode === 'Strict')
    throw refuse(`strict decoding error: ${complaints.slice(0, MAXIMUM_COMPLAINTS).join(', ')}`)
  warn(exchange, complaints)
}

const YAML_ERRORS = /^(?:error converting YAML to JSON: )?yaml: unmarshal errors:\n/

/** Errors of YAML, which tell several lines at once, become a warning each. */
export function warn({ warnings }: Exchange, complaints: readonly string[]): void {
  for (const complaint of complaints)
    for (const line of linesOf(complaint)) if (!warnings.includes(line)) warnings.push(line)
}

function linesOf(complaint: string): string[] {
  const lines = complaint.replace(YAML_ERRORS, '')
  return lines === complaint ? [complaint] : lines.split('\n').map(line => line.trim())
}

/** Of a body that is an object of the kind. */
export const refusedAs =
  ({ kind, version }: { readonly kind: string; readonly version: string }) =>
  (sentence: string): StatusError =>
    badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${sentence}`,
    )
