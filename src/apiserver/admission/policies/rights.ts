/** What expressions of admission learn about rights, also where those who know have to be asked over a network. */
import type { Answer, Asked, Decide } from '#api/cel/authorizer.ts'
import { messageOf } from '#base/errors.ts'
import { serviceAccountUser, type UserInfo } from '../../authentication/authenticator.ts'
import type { Authorizer, Decision } from '../../authorization/authorizer.ts'

/** How often expressions are evaluated anew to learn of further rights; each round knows what those before asked. */
const MAXIMUM_ROUNDS = 100

const NOT_YET: Answer = Object.freeze({ allowed: false, reason: '', error: 'not known yet' })

/** The rights that the expressions of one request ask about. Each is asked for once. */
export class Rights {
  readonly #authorizer: Authorizer
  readonly #requester: UserInfo
  readonly #answers = new Map<string, Answer>()
  /** Asked for, and not answered at once. */
  #awaited: Promise<void>[] = []

  constructor(authorizer: Authorizer, requester: UserInfo) {
    this.#authorizer = authorizer
    this.#requester = requester
  }

  /** The answer as far as it is known: expressions cannot wait. What they give counts where it is had from `settled`. */
  readonly decide: Decide = (asked, verb) => {
    const key = JSON.stringify([verb, asked])
    const known = this.#answers.get(key)
    if (known) return known
    const decision = this.#ask(asked, verb)
    if (!(decision instanceof Promise)) return answerOf(decision)
    this.#answers.set(key, NOT_YET)
    const kept = (answer: Answer) => void this.#answers.set(key, answer)
    this.#awaited.push(
      decision.then(
        decision => kept(answerOf(decision)),
        error => kept({ allowed: false, reason: '', error: messageOf(error) }),
      ),
    )
    return NOT_YET
  }

  /** What `evaluate` gives, or throws, once every right that it asks about is known. It is called again until then. */
  async settled<T>(evaluate: () => T): Promise<T> {
    for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
      const outcome = outcomeOf(evaluate)
      if (this.#awaited.length === 0) return outcome()
      await Promise.all(this.#awaited.splice(0))
    }
    throw new Error(`more than ${MAXIMUM_ROUNDS} questions about rights follow from one another`)
  }

  #ask(asked: Asked, verb: string) {
    const [namespace, name] = asked.serviceAccount ?? []
    const user = name === undefined ? this.#requester : serviceAccountUser(namespace ?? '', name)
    const isResourceRequest = asked.path === ''
    return this.#authorizer.authorize({ ...asked, user, verb, version: '*', isResourceRequest })
  }
}

function outcomeOf<T>(evaluate: () => T): () => T {
  try {
    const value = evaluate()
    return () => value
  } catch (thrown) {
    return () => {
      throw thrown
    }
  }
}

function answerOf({ verdict, reason, error = '' }: Decision): Answer {
  return { allowed: verdict === 'allow', reason, error }
}
