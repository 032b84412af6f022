/** Whether expressions can be compiled at all. The engine is loaded before the first write of an object that may have some. */
import { messageOf } from '#base/errors.ts'
import type { ResultType, Scope } from '../../cel/engine.ts'
import { type FieldError, invalid } from '../../machinery/field-error.ts'

type Engine = typeof import('../../cel/engine.ts')

let engine: Engine | undefined

export async function prepareExpressions(): Promise<void> {
  engine ??= await import('../../cel/engine.ts')
  await engine.loadCelEngine()
}

/** Empty texts are somebody else's to complain about. */
export function wrongExpression(
  field: string,
  text: string,
  type: ResultType = 'bool',
  scope: Scope = 'admission',
): readonly FieldError[] {
  if (!engine || text.trim() === '') return []
  try {
    engine.compileExpression(text, type, scope)
    return []
  } catch (thrown) {
    return [invalid(field, text, `compilation failed: ${messageOf(thrown)}`)]
  }
}
