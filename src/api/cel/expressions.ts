/** Whether expressions can be compiled at all. The engine is loaded before the first write of an object that may have some. */
import { messageOf } from '#base/errors.ts'
import { type FieldError, invalid } from '../machinery/field-error.ts'
import type { VariableTypes } from './certain-types.ts'
import type { ResultType, Scope } from './engine.ts'
import type { Seen } from './references.ts'

interface Tools {
  readonly engine: typeof import('./engine.ts')
  readonly syntax: typeof import('./syntax.ts')
  readonly references: typeof import('./references.ts')
  readonly certain: typeof import('./certain-types.ts')
  readonly construction: typeof import('./construction.ts')
}

let tools: Tools | undefined

export async function prepareExpressions(): Promise<void> {
  tools ??= await load()
  await tools.engine.loadCelEngine()
}

async function load(): Promise<Tools> {
  const [engine, syntax, references, certain, construction] = await Promise.all([
    import('./engine.ts'),
    import('./syntax.ts'),
    import('./references.ts'),
    import('./certain-types.ts'),
    import('./construction.ts'),
  ])
  return { engine, syntax, references, certain, construction }
}

export interface Expected {
  readonly type?: ResultType
  readonly scope?: Scope
  /** What is declared; all that the scope knows where it is absent. */
  readonly seen?: Seen
}

/** Empty texts are somebody else's to complain about. */
export function wrongExpression(
  field: string,
  text: string,
  expected: Expected = {},
): readonly FieldError[] {
  if (text.trim() === '') return []
  const why = problemOf(text, expected)
  return why === undefined ? [] : [invalid(field, text, why)]
}

const DEVICE: Seen = { names: new Set(['device']) }

/** What tells devices apart; here an empty text is one that does not parse. */
export function wrongDeviceExpression(field: string, text: string): readonly FieldError[] {
  const why = problemOf(text, { scope: 'devices', seen: DEVICE })
  return why === undefined ? [] : [invalid(field, text, why)]
}

/** The types of variables that each may use those before it. What is wrong itself has no type. */
export function variableTypes(
  variables: readonly { readonly name: string; readonly expression: string }[],
  names: ReadonlySet<string>,
): VariableTypes {
  const types = new Map<string, string | undefined>()
  for (const { name, expression } of variables) {
    const expected = { type: 'dyn', seen: { names, variables: types } } as const
    const isWrong = problemOf(expression, expected) !== undefined
    types.set(name, isWrong || !tools ? 'dyn' : typeOf(expression, types, tools))
  }
  return types
}

const typeOf = (text: string, variables: VariableTypes, { engine, certain }: Tools) =>
  certain.variableType(text, engine.compileExpression(text, 'dyn', 'admission').type, variables)

function problemOf(
  text: string,
  { type = 'bool', scope = 'admission', seen }: Expected,
): string | undefined {
  if (!tools) return undefined
  const { engine, syntax, references, certain, construction } = tools
  // Which of the names are there is known to whoever declares them; what a change is made of is more than names.
  const isPlain = scope !== 'mutations' || !/\b(Object|JSONPatch|jsonpatch)\b/.test(text)
  const stray = seen && isPlain ? references.strayReferences(text, seen) : undefined
  if (stray !== undefined) return `compilation failed: ${stray}`
  try {
    const program = engine.compileExpression(text, type, scope)
    // Nothing but a construction is a change.
    if (scope === 'mutations' && isPlain)
      return new engine.WrongResult(type, /^list/.test(program.type) ? 'list<dyn>' : 'dyn').message
    if (scope !== 'admission' || type === 'dyn') return undefined
    const given = certain.certainType(text, program.type, seen?.variables)
    if (given === undefined || type.split('|').includes(given)) return undefined
    return new engine.WrongResult(type, given).message
  } catch (thrown) {
    if (!(thrown instanceof engine.WrongResult)) {
      // What mutations construct has been rewritten, which moves what comes behind.
      const placeOf = (start: number) =>
        scope === 'mutations' ? construction.placeInOriginal(text, start) : start
      const why = syntax.syntaxProblem(text, thrown, placeOf) ?? messageOf(thrown)
      return `compilation failed: ${why}`
    }
    if (scope === 'devices') return `must evaluate to bool or the unknown type, not ${thrown.given}`
    return thrown.message
  }
}
