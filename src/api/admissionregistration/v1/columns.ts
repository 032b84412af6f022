import { column } from '../../machinery/columns.ts'
import { goTextOf } from '../../machinery/label-selector.ts'
import type { ParamKind, ParamRef } from './rules.schema.ts'

interface Policy {
  spec: { paramKind?: ParamKind | undefined }
}
interface Binding {
  spec: { policyName?: string; paramRef?: ParamRef | undefined }
}

export const paramKindColumn = column<Policy>(
  'ParamKind',
  'Kind of its parameters.',
  ({ spec: { paramKind } }) =>
    paramKind ? `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}` : '<unset>',
)

export const policyNameColumn = column<Binding>(
  'PolicyName',
  'The policy that it puts to work.',
  ({ spec }) => spec.policyName ?? '',
)

export const paramRefColumn = column<Binding>(
  'ParamRef',
  'Its parameters, by name or by labels.',
  ({ spec: { paramRef } }) => {
    if (!paramRef) return '<unset>'
    const { name, namespace = '*', selector } = paramRef
    if (name) return `${namespace}/${name}`
    return selector ? goTextOf(selector) : '<unset>'
  },
)
