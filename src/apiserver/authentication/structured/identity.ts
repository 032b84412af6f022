/** From the claims of a proved token to its user, as a configuration says. What does not fit throws a Refused, which says why. */
import { isPlainObject } from '#api/machinery/plain.ts'
import { messageOf } from '#base/errors.ts'
import type { UserInfo } from '../authenticator.ts'
import type { Claims } from '../jwt.ts'
import type { JwtAuthenticator, PrefixedClaimOrExpression } from './configuration.ts'
import { celValue, evaluated } from './expressions.ts'

/** Why a token makes no user. Only reviews of tokens tell it, not a 401. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

export function userOf(
  { claimMappings, claimValidationRules, userValidationRules }: JwtAuthenticator,
  claims: Claims,
): UserInfo {
  const { username, groups, uid, extra } = claimMappings
  const seen = new Seen(claims)
  const name = nameOf(username, seen)
  const groupNames = groups ? groupsOf(groups, seen) : []
  const id = uid ? uidOf(uid, seen) : ''
  const more = extraOf(extra ?? [], seen)
  const user: UserInfo = {
    name,
    ...(id === '' ? {} : { uid: id }),
    groups: groupNames,
    ...(more ? { extra: more } : {}),
  }
  for (const rule of claimValidationRules ?? [])
    if (rule.claim) checkRequired(seen, rule.claim, rule.requiredValue ?? '')
  for (const { claim, expression = '', message = '' } of claimValidationRules ?? [])
    if (!claim)
      insist(
        { expression, message },
        () => seen.evaluate(expression),
        'oidc: error evaluating claim validation expression',
      )
  const rules = userValidationRules ?? []
  if (rules.length === 0) return user
  const shown = celValue({ username: name, uid: id, groups: groupNames, extra: more ?? {} })
  for (const { expression = '', message = '' } of rules)
    insist(
      { expression, message },
      () => evaluated(expression, 'users', shown),
      'oidc: error evaluating user info validation rule',
    )
  return user
}

/** Claims as they are asked for: by their names, or by expressions, for which they are made ready with the first. */
class Seen {
  readonly claims: Claims
  #forExpressions: unknown

  constructor(claims: Claims) {
    this.claims = claims
  }

  has(name: string): boolean {
    return Object.hasOwn(this.claims, name)
  }

  value(name: string): unknown {
    if (!this.has(name)) throw new Error('claim not present')
    return this.claims[name]
  }

  text(name: string): string {
    const value = this.value(name)
    if (value === null) return ''
    if (typeof value !== 'string') throw new Error(notA(value, 'string'))
    return value
  }

  evaluate(expression: string): unknown {
    this.#forExpressions ??= celValue(this.claims)
    return evaluated(expression, 'claims', this.#forExpressions)
  }
}

const notA = (value: unknown, type: string) =>
  `json: cannot unmarshal ${jsonName(value)} into Go value of type ${type}`

function jsonName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (isPlainObject(value)) return 'object'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function within<T>(what: string, of: () => T): T {
  try {
    return of()
  } catch (error) {
    throw new Refused(`${what}: ${messageOf(error)}`)
  }
}

function nameOf({ claim, prefix, expression }: PrefixedClaimOrExpression, seen: Seen): string {
  if (expression)
    return within('oidc: error evaluating username claim expression', () => {
      const value = seen.evaluate(expression)
      if (typeof value !== 'string')
        throw new Error('username claim expression must return a string')
      return value
    })
  const field = claim ?? ''
  const name = within(`oidc: parse username claims ${JSON.stringify(field)}`, () =>
    seen.text(field),
  )
  // Whoever says that an address is not verified means that it may be anybody's.
  if (field === 'email' && seen.has('email_verified')) {
    const isVerified = within("oidc: parse 'email_verified' claim", () => {
      const value = seen.value('email_verified') ?? false
      if (typeof value !== 'boolean') throw new Error(notA(value, 'bool'))
      return value
    })
    if (!isVerified) throw new Refused('oidc: email not verified')
  }
  return `${prefix ?? ''}${name}`
}

function groupsOf(
  { claim, prefix, expression }: PrefixedClaimOrExpression,
  seen: Seen,
): readonly string[] {
  if (claim && seen.has(claim)) {
    const value = seen.value(claim)
    return within(`oidc: parse groups claim ${JSON.stringify(claim)}`, () => {
      if (value === null) return []
      // One group alone may stand without a list.
      const all = Array.isArray(value) ? value : [value]
      if (!all.every(each => typeof each === 'string')) throw new Error(notA(value, 'string'))
      return all.map(each => `${prefix ?? ''}${each}`)
    })
  }
  if (!expression) return []
  return within('oidc: error evaluating group claim expression', () =>
    textsIn(seen.evaluate(expression)),
  )
}

function uidOf({ claim, expression }: { claim?: string; expression?: string }, seen: Seen): string {
  if (claim) return within(`oidc: parse uid claim ${JSON.stringify(claim)}`, () => seen.text(claim))
  if (!expression) return ''
  return within('oidc: error evaluating uid claim expression', () => {
    const value = seen.evaluate(expression)
    if (typeof value !== 'string') throw new Error('uid claim expression must return a string')
    return value
  })
}

function extraOf(
  mappings: NonNullable<JwtAuthenticator['claimMappings']['extra']>,
  seen: Seen,
): Readonly<Record<string, readonly string[]>> | undefined {
  const entries = mappings.flatMap(({ key, valueExpression }) => {
    const value = within('oidc: error evaluating extra claim expression', () =>
      seen.evaluate(valueExpression),
    )
    const texts = within(`oidc: error evaluating extra claim expression: ${valueExpression}`, () =>
      textsIn(value),
    )
    return texts.length > 0 ? [[key, texts] as const] : []
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

/** Of a text or several; what is empty is as good as not there. */
function textsIn(value: unknown): readonly string[] {
  if (value === null) return []
  const all = Array.isArray(value) ? value : [value]
  if (!all.every(each => typeof each === 'string'))
    throw new Error('expression must return a string or a list of strings')
  return all.filter(each => each !== '')
}

function checkRequired(seen: Seen, claim: string, wanted: string): void {
  if (!seen.has(claim)) throw new Refused(`oidc: required claim ${claim} not present in ID token`)
  const value = within(`oidc: parse claim ${claim}`, () => seen.text(claim))
  if (value !== wanted)
    throw new Refused(
      `oidc: required claim ${claim} value does not match. Got = ${value}, want = ${wanted}`,
    )
}

function insist(
  { expression, message }: { readonly expression: string; readonly message: string },
  evaluate: () => unknown,
  what: string,
): void {
  const value = within(what, evaluate)
  if (typeof value !== 'boolean')
    throw new Refused(`${what}: validation expression must return a boolean`)
  if (!value) throw new Refused(`${what}: validation expression '${expression}' failed: ${message}`)
}
