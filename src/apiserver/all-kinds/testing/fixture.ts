/** What a kind's file of objects says of it. */

export type Plain = Readonly<Record<string, unknown>>

export interface Fixture {
  /** A small valid object, but for apiVersion, kind and name; a function where the content follows from the name. */
  readonly object: Plain | ((name: string) => Plain)
  /** A merge patch that the kind's rules allow and that changes the object; its metadata where nothing else may change. */
  readonly change: Plain
  /** A legal status where the kind has one, as a merge patch of `status`. */
  readonly status?: Plain
  /** Names that the kind allows, by number; `web-1` and so on where it is not said. */
  readonly nameOf?: (number: number) => string
  /** Names come out of nothing else, so that none can be generated. */
  readonly isNamedByContent?: true
}

export const onlyMetadata: Plain = { metadata: { annotations: { changed: 'yes' } } }

export const podSpec = { containers: [{ name: 'main', image: 'registry.example/app:1' }] }

/** Of workloads. */
export const selected = {
  selector: { matchLabels: { app: 'web' } },
  template: { metadata: { labels: { app: 'web' } }, spec: podSpec },
}

export const condition = {
  type: 'Fine',
  status: 'True',
  reason: 'Because',
  message: 'fine',
  lastTransitionTime: '2026-05-01T12:00:00Z',
}
