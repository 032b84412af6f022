/**
 * The Common Expression Language. The engine is loaded before the first expression is compiled. Expressions come from
 * users, so what an evaluation may do is bounded: what each part costs is counted, and patterns match in linear time.
 */
import { compilePattern, loadPatternEngine } from '../machinery/patterns.ts'
import { addAuthorizer } from './authorizer.ts'
import { addConstructions, type PATCHES_TYPE, rewriteConstructions } from './construction.ts'
import type { SizedType } from './cost.types.ts'
import { inUpstreamsWords } from './failures.ts'
import { OWN_FUNCTIONS, ownName, writtenName } from './library.texts.ts'
import { addLibrary } from './library.ts'
import { keepLiteral } from './literals.ts'
import { type CheckedPart, COST_PER_CALL, meter, metered } from './metering.ts'
import { expandOptionalEntries, maskOptionalEntries, restoreConstants } from './optional-entries.ts'
import { expandLoops, type Node } from './two-variables.ts'

type Cel = typeof import('@marcbachmann/cel-js')
type Environment = InstanceType<Cel['Environment']>

/** What an expression may be was looked at before; rewriting makes more of it. */
const LIMITS = {
  maxDepth: 1_000,
  maxAstNodes: 1_000_000,
  maxListElements: 100_000,
  maxMapEntries: 100_000,
  maxCallArguments: 1_000,
}
/** Programs that are kept; those of all rules of a cluster fit. */
const MAXIMUM_PROGRAMS = 10_000

/**
 * Where an expression stands decides what it sees: rules of custom resources, rules of admission, its changes, a device, the claims of a
 * token, the user that comes of them, or a review of access.
 */
export type Scope = 'rules' | 'admission' | 'mutations' | 'devices' | 'claims' | 'users' | 'reviews'
export type ResultType = 'bool' | 'string' | 'string|null' | 'dyn' | 'Object' | typeof PATCHES_TYPE

const ADMISSION_VARIABLES = [
  'object',
  'oldObject',
  'request',
  'params',
  'namespaceObject',
  'variables',
]

interface Engine {
  readonly cel: Cel
  readonly costs: typeof import('./cost.ts')
  readonly base: Environment
  readonly environment: (scope: Scope) => Environment
}

let engine: Engine | undefined

/** The evaluations that share a budget cost more than it, all together. */
export class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget'
  constructor() {
    super(
      'validation failed due to running out of cost budget, no further validation rules will be run',
    )
  }
}

/** The expression is one, but what comes of it is of another type. */
export class WrongResult extends Error {
  override readonly name = 'WrongResult'
  /** As upstream shows types. */
  readonly given: string
  constructor(wanted: ResultType, given: string) {
    const shown = inGoNotation(given)
    const wish = wanted === 'string|null' ? 'one of [string null_type]' : inGoNotation(wanted)
    super(`must evaluate to ${wish} but got ${shown}`)
    this.given = shown
  }
}

const inGoNotation = (type: string) =>
  type
    .replaceAll('<', '(')
    .replaceAll('>', ')')
    .replace(/\bnull\b/g, 'null_type')

export async function loadCelEngine(): Promise<void> {
  if (engine) return
  const [cel, costs] = await Promise.all([
    import('@marcbachmann/cel-js'),
    import('./cost.ts'),
    loadPatternEngine(),
  ])
  const environment = new cel.Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  })
  // Whole numbers are taken for spans of time until they are looked at.
  environment.registerFunction('duration(int): google.protobuf.Duration', () => {
    throw new Error("type conversion error from 'int' to 'google.protobuf.Duration'")
  })
  environment.registerFunction(`${UNTYPED}(dyn): dyn`, (value: unknown) => value)
  addLibrary(
    environment,
    pattern => compilePattern(pattern),
    value => (value === undefined ? cel.Optional.none() : cel.Optional.of(value)),
  )
  engine = { cel, costs, base: environment, environment: environmentsOver(environment) }
}

/** Each is made with its first expression: most servers need one of them, if any. */
function environmentsOver(base: Environment): Engine['environment'] {
  const made = new Map<Scope, Environment>()
  const environment = (scope: Scope): Environment => {
    const known = made.get(scope)
    if (known) return known
    const fresh = scope === 'mutations' ? environment('admission').clone() : base.clone()
    FURNISH[scope](fresh)
    made.set(scope, fresh)
    return fresh
  }
  return environment
}

const FURNISH: Readonly<Record<Scope, (environment: Environment) => void>> = {
  rules: environment => {
    environment.registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn')
  },
  admission: environment => {
    addAuthorizer(environment)
    for (const name of ADMISSION_VARIABLES) environment.registerVariable(name, 'dyn')
    environment.registerVariable('authorizer', 'kubernetes.authorization.Authorizer')
  },
  mutations: addConstructions,
  devices: environment => {
    environment.registerVariable('device', 'dyn')
  },
  claims: environment => {
    environment.registerVariable('claims', 'dyn')
  },
  users: environment => {
    environment.registerVariable('user', 'dyn')
  },
  reviews: environment => {
    environment.registerVariable('request', 'dyn')
  },
}

function loaded(): Engine {
  if (!engine) throw new Error('the engine for expressions is not loaded')
  return engine
}

export interface Budget {
  /** What is left of it. */
  cost: number
}

export interface Program {
  readonly usesOldSelf: boolean
  /** What comes of it, as far as the engine can tell. */
  readonly type: string
  /** Throws what goes wrong, CostExceeded and OutOfBudget; takes from the budget what it used. */
  evaluate(variables: Readonly<Record<string, unknown>>, budget: Budget): unknown
}

const programs = new Map<string, Program>()

/** Throws where the text is no expression, or one of the wrong type. */
export function compileExpression(
  text: string,
  type: ResultType = 'bool',
  scope: Scope = 'rules',
): Program {
  const key = `${scope} ${type} ${text}`
  const known = programs.get(key)
  if (known) return known
  const program = compile(scope === 'mutations' ? rewriteConstructions(text) : text, type, scope)
  if (programs.size >= MAXIMUM_PROGRAMS) programs.clear()
  programs.set(key, program)
  return program
}

function compile(text: string, type: ResultType, scope: Scope): Program {
  const environment = loaded().environment(scope)
  const { text: masked, marks, constants } = maskOptionalEntries(text)
  const { ast } = environment.parse(masked)
  restoreConstants(ast, constants)
  if (marks.size > 0) expandOptionalEntries(ast, marks, treeOf)
  const found = { usesOldSelf: false }
  rewrite(ast as unknown as Node, found)
  const { parsed, checked } = checkedTree(environment, ast as unknown as Node)
  if (!checked.valid)
    throw new Error(
      checked.error?.message.split('\n')[0]?.replace(/\b(\w+)(?=\()/, writtenName) ?? 'invalid',
    )
  const given = checked.type ?? 'dyn'
  if (!isOfType(given, type)) throw new WrongResult(type, given)
  meter(parsed.ast as unknown as CheckedPart)
  return {
    usesOldSelf: found.usesOldSelf,
    type: given,
    evaluate(variables, budget) {
      const { value, error, cost } = metered(() => parsed(variables))
      budget.cost -= cost
      if (budget.cost < 0) throw new OutOfBudget()
      if (error) throw inUpstreamsWords(error)
      return value
    },
  }
}

/**
 * The language compares null with much that is never null, such as an optional or an address; the engine does not, so where it complains
 * it is asked again without knowing which values are null.
 */
function checkedTree(environment: Environment, tree: Node) {
  const check = () => {
    const parsed = environment.parse(
      loaded().cel.serialize(tree as unknown as Parameters<Cel['serialize']>[0]),
    )
    return { parsed, checked: parsed.check() }
  }
  const first = check()
  if (first.checked.valid || !hideNulls(tree)) return first
  const second = check()
  return second.checked.valid ? second : first
}

/** Whether there are any. */
function hideNulls(part: unknown): boolean {
  if (Array.isArray(part)) return part.map(hideNulls).includes(true)
  if (typeof part !== 'object' || part === null || !('op' in part)) return false
  const node = part as Node
  if (node.op !== 'value' || node.args !== null) return hideNulls(node.args)
  const { op, args } = treeOf(`${UNTYPED}(null)`)
  Object.assign(node, { op, args })
  return true
}

/** What a rule may cost at most where `self` is of this type; 0 for what is no expression. */
export function estimatedCost(text: string, self: SizedType, isOldOptional: boolean): number {
  return costIn(text, tree => loaded().costs.maximalCost(tree, self, isOldOptional))
}

/** The same of an expression about these variables. */
export function estimatedCostOver(text: string, variables: ReadonlyMap<string, SizedType>): number {
  return costIn(text, tree => loaded().costs.maximalCostOver(tree, variables))
}

function costIn(text: string, costOf: (tree: Node) => number): number {
  let tree: Node
  try {
    tree = parseExpression(text)
  } catch {
    return 0
  }
  return costOf(tree)
}

/** What cannot be known before, is seen when it is evaluated. */
function isOfType(given: string, wanted: ResultType): boolean {
  if (wanted === 'dyn' || given === 'dyn' || given === wanted) return true
  if (wanted === 'string|null') return given === 'string' || given === 'null'
  return wanted === 'list<JSONPatch>' && ['list', 'list<T>', 'list<dyn>'].includes(given)
}

/** Has patterns matched by our engine, and writes out what the other one does not know. */
function rewrite(part: unknown, found: { usesOldSelf: boolean }): void {
  if (Array.isArray(part)) for (const each of part) rewrite(each, found)
  if (typeof part !== 'object' || part === null || !('op' in part)) return
  const node = part as Node
  keepLiteral(node, treeOf)
  if (node.op === 'id' && node.args === 'oldSelf') found.usesOldSelf = true
  expandLoops(node, treeOf)
  rewrite(node.args, found)
  if (node.op === 'call') bindSubjectOfHas(node)
  if (node.op !== 'rcall' || !Array.isArray(node.args)) return
  const [name, receiver, args] = node.args as [string, Node, Node[]]
  if (OWN_FUNCTIONS.has(name)) node.args = [ownName(name), receiver, args]
  if (name === 'matches') node.args = ['linearMatches', receiver, args]
  if (name === 'value' && args.length === 0) hideType(node)
}

/** The parts of a text as it was written. Throws where it does not parse. */
export function parseExpression(text: string): Node {
  const masked = maskOptionalEntries(text)
  const tree = treeOf(masked.text)
  restoreConstants(tree, masked.constants)
  return tree
}

const treeOf = (text: string) => loaded().environment('rules').parse(text).ast as unknown as Node

/** The value of what may be there or not has a type that the engine cannot name where it does not know that of the whole. */
function hideType(node: Node): void {
  const call = treeOf(`${UNTYPED}(self.value())`)
  const [, [inner]] = call.args as [string, Node[]]
  if (inner) inner.args = node.args
  Object.assign(node, { op: call.op, args: call.args })
}
const UNTYPED = 'untyped__'

/** The engine takes `has(a.b.c)` alone; `has(f(x)[0].c)` is asked of a variable that holds what comes before the last dot. */
function bindSubjectOfHas(node: Node): void {
  const [name, [argument]] = node.args as [string, Node[]]
  if (name !== 'has' || argument?.op !== '.') return
  const [subject, field] = argument.args as [Node, string]
  if (isChain(subject)) return
  const { op, args } = treeOf(`[self].exists(subject__, has(subject__.${field}))`)
  const [exists, list, condition] = args as [string, Node, Node[]]
  list.args = [subject]
  Object.assign(node, { op, args: [exists, list, condition] })
}

function isChain({ op, args }: Node): boolean {
  return op === 'id' || (op === '.' && isChain((args as [Node, string])[0]))
}

/** A span of time as expressions know it. Throws where the text is none. */
export const celDuration = (text: string): unknown =>
  compileExpression('duration(self)', 'dyn').evaluate({ self: text }, { cost: COST_PER_CALL })

/** What stands for an old value that there may be or not. */
export function optional(value: unknown): unknown {
  const { Optional } = loaded().cel
  return value === undefined ? Optional.none() : Optional.of(value)
}
