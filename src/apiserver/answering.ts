import type { Pprof } from '#client/serving/pprof.ts'

/** How requests are answered, whatever they ask for, as upstream's flags about serving say. */
export interface AnsweringOptions {
  /** How long a request may take that is no watch and no stream; a minute by default. */
  readonly requestTimeoutMs?: number
  /** How long a watch is kept at least whose client says nothing; half an hour by default. */
  readonly minRequestTimeoutMs?: number
  /** Answers below /debug/pprof; nothing is there without. */
  readonly pprof?: Pprof
  /** Whose pages may ask; nobody's where absent. */
  readonly allowsOrigin?: (origin: string) => boolean
  /** A header of that name. */
  readonly strictTransportSecurity?: string
  /** Under which name clients from outside find this server. */
  readonly externalHostname?: string
  /** Where others find the keys of tokens, if not below the issuer. */
  readonly jwksUri?: string
  /** The longest life of a token of a service account, in seconds. */
  readonly longestTokenSeconds?: number
}
