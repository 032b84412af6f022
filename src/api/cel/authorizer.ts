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

/** The variable `authorizer`, and all that its calls but `check` give. */
export class Authorizer {
  readonly decide: Decide
  readonly asked: Asked
  /** What the request itself is about. */
  readonly requestResource: Authorizer | null

  constructor(decide: Decide, asked: Asked = NOTHING, request?: Asked) {
    this.decide = decide
    this.asked = asked
    this.requestResource = request ? new Authorizer(decide, request) : null
  }

  with(more: Partial<Asked>): Authorizer {
    return new Authorizer(this.decide, { ...this.asked, ...more })
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
  registerType(name: string, type: object): unknown
}

const TYPE = 'kubernetes.authorization.Authorizer'
const DECISION = 'kubernetes.authorization.Decision'

const PARTS = [
  'path',
  'group',
  'resource',
  'subresource',
  'namespace',
  'name',
  'fieldSelector',
  'labelSelector',
]

export function addAuthorizer(target: Target): void {
  target.registerType(TYPE, { ctor: Authorizer, fields: { requestResource: TYPE } })
  target.registerType(DECISION, { ctor: Decision, fields: {} })
  for (const part of PARTS)
    target.registerFunction(`${TYPE}.${part}(string): ${TYPE}`, (of: Authorizer, value: string) =>
      of.with({ [part]: value }),
    )
  target.registerFunction(
    `${TYPE}.serviceAccount(string, string): ${TYPE}`,
    (of: Authorizer, namespace: string, name: string) =>
      of.with({ serviceAccount: [namespace, name] }),
  )
  target.registerFunction(
    `${TYPE}.check(string): ${DECISION}`,
    (of: Authorizer, verb: string) => new Decision(of.decide(of.asked, verb)),
  )
  const read = (name: string, type: string, value: (answer: Answer) => unknown) =>
    target.registerFunction(`${DECISION}.${name}(): ${type}`, ({ answer }: Decision) =>
      value(answer),
    )
  read('allowed', 'bool', ({ allowed }) => allowed)
  read('reason', 'string', ({ reason }) => reason)
  read('errored', 'bool', ({ error }) => error !== '')
  read('error', 'string', ({ error }) => error)
}
