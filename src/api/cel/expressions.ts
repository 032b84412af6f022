/** Whether expressions can be compiled at all. The engine is loaded before the first write of an object that may have some. */
import { messageOf } from '#base/errors.ts'
import { type FieldError, forbidden, internal, invalid } from '../machinery/field-error.ts'
import type { Seen } from './admission-types.ts'
import type { Type } from './checker/types.ts'
import type { ResultType, Scope } from './engine.ts'
import type { CheckedVariable } from './type-check.ts'

interface Tools {
  readonly engine: typeof import('./engine.ts')
  readonly compile: typeof import('./compile.ts')
  readonly admission: typeof import('./admission-types.ts')
  readonly check: typeof import('./type-check.ts')
  readonly types: typeof import('./checker/types.ts')
  readonly macros: typeof import('./parser/macros.ts')
}

let tools: Tools | undefined

export async function prepareExpressions(): Promise<void> {
  tools ??= await load()
  await tools.engine.loadCelEngine()
}

async function load(): Promise<Tools> {
  const [engine, compile, admission, check, types, macros] = await Promise.all([
    import('./engine.ts'),
    import('./compile.ts'),
    import('./admission-types.ts'),
    import('./type-check.ts'),
    import('./checker/types.ts'),
    import('./parser/macros.ts'),
  ])
  return { engine, compile, admission, check, types, macros }
}

export interface Expected {
  readonly type?: ResultType
  readonly scope?: Scope
  /** What is declared. */
  readonly seen?: Seen
  /** Blanks around it are shown, but are no part of it. */
  readonly isTrimmed?: boolean
}

/** Empty texts are somebody else's to complain about. */
export function wrongExpression(
  field: string,
  text: string,
  expected: Expected = {},
): readonly FieldError[] {
  if (text.trim() === '' || !tools) return []
  const own = expected.isTrimmed ? text.trim() : text
  return refusal(field, text, problemOf(own, expected, tools))
}

/** What tells devices apart; here an empty text is one that does not parse. */
export function wrongDeviceExpression(field: string, text: string): readonly FieldError[] {
  if (!tools) return []
  return refusal(field, text, deviceProblem(text, tools))
}

interface Problem {
  readonly why: string
  /** Nothing is wrong with the expression as such, or it only costs too much. */
  readonly sort?: 'internal' | 'forbidden'
}

function refusal(field: string, text: string, problem: Problem | undefined): FieldError[] {
  if (!problem) return []
  const { why, sort } = problem
  if (sort === 'internal') return [internal(field, why)]
  return [sort === 'forbidden' ? forbidden(field, why) : invalid(field, text, why)]
}

/** The types of variables that each may use those before it. */
export const variableTypes = (
  variables: readonly CheckedVariable[],
  seen: Seen,
): ReadonlyMap<string, Type> => tools?.check.variableTypes(variables, seen) ?? new Map()

function problemOf(
  text: string,
  { type = 'bool', scope = 'admission', seen = {} }: Expected,
  { compile, admission, engine, types }: Tools,
): Problem | undefined {
  const environment = admission.admissionEnvironment({ ...seen, isMutating: scope === 'mutations' })
  const found = compile.compiled(text, environment)
  if ('problem' in found) return { why: `compilation failed: ${found.problem}` }
  // A nullable one is one all the same.
  const given = types.typeText({ ...found.type, isWrapper: false })
  const wanted = RESULTS[type]
  if (wanted && !wanted.includes(given)) {
    const [only, ...more] = wanted
    const wish = more.length > 0 ? `one of [${wanted.join(' ')}]` : only
    return { why: `must evaluate to ${wish} but got ${given}` }
  }
  if (found.noProgram !== undefined) return { why: found.noProgram, sort: 'internal' }
  return whyNot(() => engine.compileExpression(text, type, scope))
}

/** As types are shown; anything goes where there are none. */
const RESULTS: Readonly<Record<ResultType, readonly string[] | undefined>> = {
  bool: ['bool'],
  string: ['string'],
  'string|null': ['string', 'null_type'],
  dyn: undefined,
  Object: ['Object'],
  'list<JSONPatch>': ['list(JSONPatch)'],
}

/** What the condition of a device may cost, estimated and when it is evaluated. */
export const MAXIMUM_DEVICE_COST = 1_000_000

function deviceProblem(
  text: string,
  { compile, admission, engine, types, macros }: Tools,
): Problem | undefined {
  const found = compile.compiled(text, admission.deviceEnvironment(), macros.WITH_BIND)
  if ('problem' in found) return { why: `compilation failed: ${found.problem}` }
  if (found.type.kind !== 'bool' && found.type.kind !== 'any')
    return { why: `must evaluate to bool or the unknown type, not ${types.typeText(found.type)}` }
  if (found.noProgram !== undefined) return { why: found.noProgram, sort: 'internal' }
  const problem = whyNot(() => engine.compileExpression(text, 'bool', 'devices'))
  if (problem) return problem
  return engine.estimatedCostOver(text, admission.DEVICE_VARIABLES) > MAXIMUM_DEVICE_COST
    ? { why: 'too complex, exceeds cost limit', sort: 'forbidden' }
    : undefined
}

/** What nothing is wrong with, the engine must understand as well. */
function whyNot(compile: () => unknown): Problem | undefined {
  try {
    compile()
    return undefined
  } catch (thrown) {
    return { why: `compilation failed: ${messageOf(thrown).split('\n')[0]}` }
  }
}
