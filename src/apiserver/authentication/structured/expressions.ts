/** Expressions about the claims of a token and about the user that comes of them: whether they are any, and what comes of them. */
import type { Environment } from '#api/cel/checker/environment.ts'
import type { Expression } from '#api/cel/parser/expression.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import type { JwtAuthenticator } from './configuration.ts'

interface Tools {
  readonly engine: typeof import('#api/cel/engine.ts')
  readonly compile: typeof import('#api/cel/compile.ts')
  readonly parse: typeof import('#api/cel/parser/parse.ts')
  readonly parts: typeof import('#api/cel/parser/expression.ts')
  readonly claims: Environment
  readonly users: Environment
}

let tools: Tools | undefined

/** `claims` is what the token says; `user` is who it makes. */
export type Subject = 'claims' | 'users'

/** Loads the engine where one of them needs it. */
export async function prepareClaimExpressions(jwt: readonly JwtAuthenticator[]): Promise<void> {
  if (tools || !jwt.some(hasExpressions)) return
  const [engine, compile, parse, parts, environments] = await Promise.all([
    import('#api/cel/engine.ts'),
    import('#api/cel/compile.ts'),
    import('#api/cel/parser/parse.ts'),
    import('#api/cel/parser/expression.ts'),
    import('#api/cel/request-types.ts'),
  ])
  await engine.loadCelEngine()
  const { claimsEnvironment: claims, usersEnvironment: users } = environments
  tools = { engine, compile, parse, parts, claims: claims(), users: users() }
}

function hasExpressions({
  claimMappings: { username, groups, uid, extra },
  claimValidationRules = [],
  userValidationRules = [],
}: JwtAuthenticator): boolean {
  return (
    [username, groups, uid, ...(claimValidationRules ?? [])].some(each => each?.expression) ||
    (extra ?? []).length > 0 ||
    (userValidationRules ?? []).length > 0
  )
}

function loaded(): Tools {
  if (!tools) throw new Error('the engine for expressions is not loaded')
  return tools
}

/** Why this is no expression, or not one of truth where that is wanted; undefined where all is well. */
export function problemOf(text: string, subject: Subject, mustBeTrue: boolean): string | undefined {
  const { compile, engine, [subject]: environment } = loaded()
  const found = compile.compiled(text, environment)
  if ('problem' in found) return `compilation failed: ${found.problem}`
  if (mustBeTrue && found.type.kind !== 'bool') return 'must evaluate to bool'
  if (found.noProgram !== undefined) return found.noProgram
  try {
    engine.compileExpression(text, 'dyn', subject)
    return undefined
  } catch (thrown) {
    return `compilation failed: ${messageOf(thrown).split('\n')[0]}`
  }
}

/** Whether an expression looks at this claim, in whichever way it may be written. */
export function usesClaim(text: string, claim: string): boolean {
  const { parse, parts } = loaded()
  const { expression } = parse.parse(text)
  const isClaims = (part: Expression | undefined) => part?.kind === 'name' && part.name === 'claims'
  const isConstant = (part: Expression | undefined) =>
    part?.kind === 'constant' && part.value === claim
  const looks = (part: Expression): boolean => {
    if (part.kind === 'field' && part.field === claim && isClaims(part.of)) return true
    // `claims.?email` is a call of the claims and the name.
    if (part.kind === 'call' && isClaims(part.args[0]) && isConstant(part.args[1])) return true
    if (part.kind === 'copy') return looks(part.of)
    return parts.partsOf(part).some(looks)
  }
  return expression !== undefined && looks(expression)
}

/** What one expression may cost for a token; upstream's budget for a call. */
const COST = 1_000_000

/** Throws an Error that says what went wrong. */
export function evaluated(text: string, subject: Subject, value: unknown): unknown {
  const variables = { [subject === 'claims' ? 'claims' : 'user']: value }
  try {
    const program = loaded().engine.compileExpression(text, 'dyn', subject)
    return program.evaluate(variables, { cost: COST })
  } catch (thrown) {
    throw new Error(`expression '${text}' resulted in error: ${messageOf(thrown).split('\n')[0]}`)
  }
}

/** Whole numbers are integers of 64 bits, and names of fields mean nothing else. */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(celValue)
  if (!isPlainObject(value)) return value
  const result: Record<string, unknown> = Object.create(null)
  for (const [name, part] of Object.entries(value))
    if (part !== undefined) result[name] = celValue(part)
  return result
}
