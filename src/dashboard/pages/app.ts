/** What every page is given: the API, what it serves, what the user may do, and the parts of the screen that all pages share. */
import { type Right, reviewOf, rightKey, type Verdict, verdictIn } from '../model/access.ts'
import { type Resource, resourceKey } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import { type Api, errorText } from './api.ts'

export interface App {
  readonly api: Api
  /** By key, such as `deployments.apps`. */
  readonly resources: ReadonlyMap<string, Resource>
  readonly access: Access
  /** '' for all namespaces: where lists look unless their address says otherwise. */
  namespace: string
  /** A short word at the edge of the screen, which readers of screens speak. */
  tell(text: string, tone?: 'good' | 'bad'): void
  /** Reads anew what the API serves, after a definition was added. */
  discover(): Promise<void>
}

/** A page: what is shown of a route until the signal aborts. */
export interface Page {
  readonly title: string
  readonly element: HTMLElement
  /** Takes over a route that differs only in what the page itself changes, such as a filter; false where it is another page. */
  update?(route: Route): boolean
  /** Moves to where typing begins. */
  focusFilter?(): void
}

export type PageOf<R extends Route> = (app: App, route: R, signal: AbortSignal) => Page

/** What the user may do, each asked once. */
export class Access {
  readonly #api: Api
  readonly #known = new Map<string, Promise<Verdict>>()

  constructor(api: Api) {
    this.#api = api
  }

  may(right: Right): Promise<Verdict> {
    const key = rightKey(right)
    const known = this.#known.get(key)
    if (known) return known
    const asked = this.#api
      .json('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', reviewOf(right))
      .then(review => verdictIn(review, right))
      .catch((error): Verdict => {
        this.#known.delete(key)
        // Who cannot ask may still try; the API decides anyway.
        return { isAllowed: true, reason: errorText(error) }
      })
    this.#known.set(key, asked)
    return asked
  }

  /** The first refusal of several, or a yes. */
  async mayAll(rights: readonly Right[]): Promise<Verdict> {
    const verdicts = await Promise.all(rights.map(right => this.may(right)))
    return verdicts.find(({ isAllowed }) => !isAllowed) ?? { isAllowed: true, reason: '' }
  }

  /** Roles may have changed. */
  forget(): void {
    this.#known.clear()
  }
}

/** Disables a control, with the reason, where one of the rights is missing. It can still be reached, so that the reason is heard. */
export function guard(app: App, control: HTMLButtonElement, rights: readonly Right[]): void {
  void app.access.mayAll(rights).then(({ isAllowed, reason }) => {
    if (isAllowed) return
    control.setAttribute('aria-disabled', 'true')
    control.title = reason
    control.addEventListener(
      'click',
      event => {
        event.stopImmediatePropagation()
        app.tell(reason, 'bad')
      },
      { capture: true },
    )
  })
}

export const keyOf = resourceKey
