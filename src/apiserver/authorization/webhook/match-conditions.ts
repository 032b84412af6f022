/** Conditions under which a webhook is asked at all: expressions about the review that it would get. */
import type { Environment } from '#api/cel/checker/environment.ts'
import { messageOf } from '#base/errors.ts'
import { celValue } from '../../authentication/structured/expressions.ts'
import type { ReviewSpec } from './review.ts'

interface Tools {
  readonly engine: typeof import('#api/cel/engine.ts')
  readonly compile: typeof import('#api/cel/compile.ts')
  readonly types: typeof import('#api/cel/checker/types.ts')
  readonly reviews: Environment
}

let tools: Tools | undefined

/** Loads the engine, which is large; to be awaited before the rest of this file. */
export async function prepareMatchConditions(): Promise<void> {
  if (tools) return
  const [engine, compile, types, environments] = await Promise.all([
    import('#api/cel/engine.ts'),
    import('#api/cel/compile.ts'),
    import('#api/cel/checker/types.ts'),
    import('#api/cel/request-types.ts'),
  ])
  await engine.loadCelEngine()
  tools = { engine, compile, types, reviews: environments.reviewsEnvironment() }
}

function loaded(): Tools {
  if (!tools) throw new Error('the engine for expressions is not loaded')
  return tools
}

/** Why this is no condition; undefined where it is one. */
export function conditionProblem(text: string): string | undefined {
  const { compile, types, reviews, engine } = loaded()
  const found = compile.compiled(text, reviews)
  if ('problem' in found) return `compilation failed: ${found.problem}`
  if (found.type.kind !== 'bool')
    return `must evaluate to bool but got ${types.typeText({ ...found.type, isWrapper: false })}`
  if (found.noProgram !== undefined) return found.noProgram
  try {
    engine.compileExpression(text, 'bool', 'reviews')
    return undefined
  } catch (thrown) {
    return `compilation failed: ${messageOf(thrown).split('\n')[0]}`
  }
}

/** What all conditions of a webhook may cost for a request; upstream's. */
const COST = 2_500_000

/** True where all hold, false where one does not. Throws where one fails and none is false. */
export function conditionsHold(expressions: readonly string[], spec: ReviewSpec): boolean {
  const request = celValue(seenIn(spec))
  const budget = { cost: COST }
  const errors: string[] = []
  for (const text of expressions)
    try {
      const program = loaded().engine.compileExpression(text, 'bool', 'reviews')
      if (program.evaluate({ request }, budget) === false) return false
    } catch (thrown) {
      errors.push(
        `cel evaluation error: expression '${text}' resulted in error: ${messageOf(thrown).split('\n')[0]}`,
      )
    }
  if (errors.length === 0) return true
  throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`)
}

const RESOURCE = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name']

/** Every text is there for an expression, though it says nothing. */
function seenIn({ resourceAttributes, nonResourceAttributes, ...who }: ReviewSpec): object {
  const whole = (names: readonly string[], of: Readonly<Record<string, unknown>>) => ({
    ...Object.fromEntries(names.map(name => [name, ''])),
    ...of,
  })
  return {
    user: '',
    uid: '',
    groups: [],
    extra: {},
    ...who,
    ...(resourceAttributes ? { resourceAttributes: whole(RESOURCE, resourceAttributes) } : {}),
    ...(nonResourceAttributes
      ? { nonResourceAttributes: whole(['path', 'verb'], nonResourceAttributes) }
      : {}),
  }
}
