/** What is suspicious about the types of an expression of admission, given what the objects look like. */
import type { ObjectShape } from '../machinery/schema.ts'
import { admissionEnvironment, type Seen } from './admission-types.ts'
import { DYN, type Type } from './checker/types.ts'
import { compiled } from './compile.ts'
import { ShapeTypes } from './types.ts'

export interface CheckedTypes {
  /** What `object` and `oldObject` are. */
  readonly object: ObjectShape
  /** What `params` are, where there are any; undefined for those of an unknown type. */
  readonly params?: ObjectShape | undefined
  readonly hasParams: boolean
}

export interface CheckedVariable {
  readonly name: string
  readonly expression: string
}

/** Makes the check for objects of one type. The check gives undefined where nothing is found. */
export function typeChecker(
  { object, params, hasParams }: CheckedTypes,
  variables: readonly CheckedVariable[],
): (expression: string) => string | undefined {
  const types = new ShapeTypes()
  const seen: Seen = {
    object: types.of(object),
    params: params ? types.of(params) : DYN,
    hasParams,
    structs: name => types.structs.get(name),
  }
  const known = variableTypes(variables, seen)
  return expression => {
    const found = compiled(expression, admissionEnvironment({ ...seen, variables: known }))
    return 'problem' in found ? found.problem : undefined
  }
}

/** Each may use those before it; what is wrong itself may be anything. */
export function variableTypes(
  variables: readonly CheckedVariable[],
  seen: Seen,
): ReadonlyMap<string, Type> {
  const known = new Map<string, Type>()
  for (const { name, expression } of variables) {
    const found = compiled(expression, admissionEnvironment({ ...seen, variables: known }))
    known.set(name, 'type' in found ? found.type : DYN)
  }
  return known
}
