/** What expressions of admission ask of rights: `authorizer.group('apps').resource('deployments').check('create').allowed()`. */

/** Cut out of the calls of an expression; '' where it says nothing. */
export interface Asked {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Of requests for no resource. */
  readonly path: string
  /** Which of the objects it is about, as in the query of a list. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** Who is asked about instead of the user: namespace and name. */
  readonly serviceAccount?: readonly [string, string]
}

export interface Answer {
  readonly allowed: boolean
  readonly reason: string
  /** Why nothing could be found out; '' where all is well. */
  readonly error: string
}

export type Decide = (asked: Asked, verb: string) => Answer

const NOTHING: Asked = {
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
}

/** What an expression may ask, as far as its calls have put it together. */
class Question {
  readonly decide: Decide
  readonly asked: Asked

  constructor(decide: Decide, asked: Asked) {
    this.decide = decide
    this.asked = asked
  }
}

class PathCheck extends Question {}
class GroupCheck extends Question {}
class ResourceCheck extends Question {}

/** The variable `authorizer`. */
export class Authorizer extends Question {
  /** What the request itself is about. */
  readonly requestResource: object | undefined

  constructor(decide: Decide, asked: Asked = NOTHING, request?: Asked) {
    super(decide, asked)
    this.requestResource = request ? new ResourceCheck(decide, request) : undefined
  }
}

class Decision {
  readonly answer: Answer
  constructor(answer: Answer) {
    this.answer = answer
  }
}

interface Target {
  registerFunction(signature: string, handler: (...args: never[]) => unknown): unknown
  registerOperator(signature: string, handler: (one: unknown, other: unknown) => boolean): unknown
  registerType(name: string, type: object): unknown
}

const ROOM = 'kubernetes.authorization'
const KINDS = { Authorizer, PathCheck, GroupCheck, ResourceCheck, Decision }
type Kind = keyof typeof KINDS

/** Which call of what gives what: the part of the question that its argument is. */
const STEPS: readonly (readonly [
  of: Kind,
  part: keyof Asked,
  to: 'PathCheck' | 'GroupCheck' | 'ResourceCheck',
])[] = [
  ['Authorizer', 'path', 'PathCheck'],
  ['Authorizer', 'group', 'GroupCheck'],
  ['GroupCheck', 'resource', 'ResourceCheck'],
  ['ResourceCheck', 'subresource', 'ResourceCheck'],
  ['ResourceCheck', 'namespace', 'ResourceCheck'],
  ['ResourceCheck', 'name', 'ResourceCheck'],
  ['ResourceCheck', 'fieldSelector', 'ResourceCheck'],
  ['ResourceCheck', 'labelSelector', 'ResourceCheck'],
]

export function addAuthorizer(target: Target): void {
  for (const [name, ctor] of Object.entries(KINDS)) {
    const fields = name === 'Authorizer' ? { requestResource: `${ROOM}.ResourceCheck` } : {}
    target.registerType(`${ROOM}.${name}`, { ctor, fields })
    target.registerOperator(`${ROOM}.${name} == ${ROOM}.${name}`, (one, other) => one === other)
  }
  for (const [of, part, to] of STEPS) {
    const Made = KINDS[to]
    target.registerFunction(
      `${ROOM}.${of}.${part}(string): ${ROOM}.${to}`,
      ({ decide, asked }: Question, value: string) => new Made(decide, { ...asked, [part]: value }),
    )
  }
  target.registerFunction(
    `${ROOM}.Authorizer.serviceAccount(string, string): ${ROOM}.Authorizer`,
    ({ decide, asked }: Question, namespace: string, name: string) =>
      new Authorizer(decide, { ...asked, serviceAccount: [namespace, name] }),
  )
  for (const each of ['PathCheck', 'ResourceCheck'])
    target.registerFunction(
      `${ROOM}.${each}.check(string): ${ROOM}.Decision`,
      ({ decide, asked }: Question, verb: string) => new Decision(decide(asked, verb)),
    )
  const read = (name: string, type: string, value: (answer: Answer) => unknown) =>
    target.registerFunction(`${ROOM}.Decision.${name}(): ${type}`, ({ answer }: Decision) =>
      value(answer),
    )
  read('allowed', 'bool', ({ allowed }) => allowed)
  read('reason', 'string', ({ reason }) => reason)
  read('errored', 'bool', ({ error }) => error !== '')
  read('error', 'string', ({ error }) => error)
}
