/** Whether a text is an expression, and of what type: told of each place where one is written before the engine ever sees it. */
import { check } from './checker/check.ts'
import type { Environment } from './checker/environment.ts'
import type { Type } from './checker/types.ts'
import { TooComplex } from './checker/unify.ts'
import { wrongConstants } from './checker/validators.ts'
import { shownComplaints } from './complaints.ts'
import { unfoldable } from './folding.ts'
import type { Expression } from './parser/expression.ts'
import type { Macro } from './parser/macros.ts'
import { parse } from './parser/parse.ts'
import { type Complaint, NOWHERE } from './parser/tokens.ts'

export type Compiled =
  | { readonly problem: string }
  | {
      readonly type: Type
      /** Why there is no program of it all the same. */
      readonly noProgram?: string | undefined
    }

export function compiled(
  text: string,
  environment: Environment,
  macros?: ReadonlyMap<string, Macro>,
): Compiled {
  const { complaints, expression } = parse(text, macros)
  const found = expression ? judged(expression, environment) : complaints
  return 'type' in found ? found : { problem: shownComplaints(text, found) }
}

type Typed = Extract<Compiled, { type: Type }>

function judged(expression: Expression, environment: Environment): Typed | readonly Complaint[] {
  try {
    const checked = check(expression, environment)
    if (checked.complaints.length > 0) return checked.complaints
    const wrong = wrongConstants(expression, checked)
    if (wrong.length > 0) return wrong
    const type = checked.typeOf(expression)
    const noProgram = unfoldable(expression)
    return noProgram === undefined ? { type } : { type, noProgram }
  } catch (thrown) {
    if (!(thrown instanceof TooComplex)) throw thrown
    return [{ at: NOWHERE, message: 'the types of the expression are too complex' }]
  }
}
