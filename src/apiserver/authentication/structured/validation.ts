/** What an AuthenticationConfiguration must not say, in upstream's words. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  required,
  tooMany,
} from '#api/machinery/field-error.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import { domainPrefixErrors } from '../extra-key.ts'
import type {
  Anonymous,
  ClaimMappings,
  ClaimValidationRule,
  Issuer,
  JwtAuthenticator,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from './configuration.ts'
import { problemOf, type Subject, usesClaim } from './expressions.ts'

const MAXIMUM_ISSUERS = 64

export function jwtErrors(jwt: readonly JwtAuthenticator[]): readonly FieldError[] {
  if (jwt.length > MAXIMUM_ISSUERS) return [tooMany('jwt', jwt.length, MAXIMUM_ISSUERS)]
  const urls = new Set<string>()
  const discoveries = new Set<string>()
  return jwt.flatMap((each, i) => {
    const at = `jwt[${i}]`
    const { url, discoveryURL } = each.issuer
    const errors = [...authenticatorErrors(each, `${at}.`)]
    if (urls.has(url)) errors.push(duplicate(`${at}.issuer.url`, url))
    urls.add(url)
    if (discoveryURL && discoveries.has(discoveryURL))
      errors.push(duplicate(`${at}.issuer.discoveryURL`, discoveryURL))
    if (discoveryURL) discoveries.add(discoveryURL)
    return errors
  })
}

/** What the server itself calls itself cannot be somebody else. */
export function disallowedIssuer(
  { issuer: { url } }: JwtAuthenticator,
  disallowed: readonly string[],
): readonly FieldError[] {
  if (!disallowed.includes(url)) return []
  const all = [...disallowed].sort().join(' ')
  return [invalid('issuer.url', url, `URL must not overlap with disallowed issuers: [${all}]`)]
}

export function anonymousErrors(anonymous: Anonymous | undefined): readonly FieldError[] {
  const { enabled, conditions } = anonymous ?? {}
  if (enabled !== false || !conditions?.length) return []
  const shown = conditions.map(({ path = '' }) => ({ Path: path }))
  return [
    invalid(
      'anonymous.conditions',
      shown,
      'enabled should be set to true when conditions are defined',
    ),
  ]
}

/** The file and the flag cannot both say it. */
export const anonymousTwice = (): FieldError =>
  forbidden(
    'anonymous',
    '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
  )

function authenticatorErrors(
  { issuer, claimValidationRules, claimMappings, userValidationRules }: JwtAuthenticator,
  at: string,
): FieldError[] {
  return [
    ...issuerErrors(issuer, `${at}issuer`),
    ...claimRuleErrors(claimValidationRules ?? [], `${at}claimValidationRules`),
    ...mappingErrors(claimMappings, claimValidationRules ?? [], `${at}claimMappings`),
    ...userRuleErrors(userValidationRules ?? [], `${at}userValidationRules`),
  ]
}

const EGRESS = ['controlplane', 'cluster']

function issuerErrors(issuer: Issuer, at: string): FieldError[] {
  const { url, discoveryURL, certificateAuthority, egressSelectorType } = issuer
  const errors = url === '' ? [required(`${at}.url`)] : urlErrors(url, `${at}.url`)
  if (discoveryURL) {
    const without = (text: string) => text.replace(/\/+$/, '')
    if (url !== '' && without(url) === without(discoveryURL))
      errors.push(
        invalid(`${at}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'),
      )
    errors.push(...urlErrors(discoveryURL, `${at}.discoveryURL`))
  }
  errors.push(...audienceErrors(issuer, at))
  if (certificateAuthority && certificatesIn(certificateAuthority).length === 0)
    errors.push(
      invalid(
        `${at}.certificateAuthority`,
        '<omitted>',
        'data does not contain any valid RSA or ECDSA certificates',
      ),
    )
  if (egressSelectorType && !EGRESS.includes(egressSelectorType))
    errors.push(
      invalid(
        `${at}.egressSelectorType`,
        egressSelectorType,
        'egress selector must be either controlplane or cluster',
      ),
    )
  return errors
}

function urlErrors(text: string, at: string): FieldError[] {
  const [, scheme = '', , authority = '', query = '', fragment = ''] =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(\/\/([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/s.exec(text) ?? []
  const wrong = (why: string) => invalid(at, text, why)
  const errors: FieldError[] = []
  if (scheme.toLowerCase() !== 'https') errors.push(wrong('URL scheme must be https'))
  if (authority.includes('@')) errors.push(wrong('URL must not contain a username or password'))
  if (query.length > 1) errors.push(wrong('URL must not contain a query'))
  if (fragment.length > 1) errors.push(wrong('URL must not contain a fragment'))
  return errors
}

function audienceErrors(issuer: Issuer, at: string): FieldError[] {
  const { audiences, audienceMatchPolicy: policy = '' } = issuer
  if (audiences.length === 0)
    return [required(`${at}.audiences`, `at least one ${at}.audiences is required`)]
  const errors = audiences.flatMap((audience, i) => {
    const field = `${at}.audiences[${i}]`
    return [
      ...(audience === '' ? [required(field)] : []),
      ...(audiences.indexOf(audience) < i ? [duplicate(field, audience)] : []),
    ]
  })
  const wrong = (why: string) => invalid(`${at}.audienceMatchPolicy`, policy, why)
  if (audiences.length > 1 && policy !== 'MatchAny')
    errors.push(wrong('audienceMatchPolicy must be MatchAny for multiple audiences'))
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny')
    errors.push(wrong('audienceMatchPolicy must be empty or MatchAny for single audience'))
  return errors
}

/** Of a rule or a mapping that says a claim as well as an expression. */
const BOTH = "claim and expression can't both be set"
const NEITHER = 'claim or expression is required'

function claimRuleErrors(rules: readonly ClaimValidationRule[], at: string): FieldError[] {
  const claims = new Set<string>()
  const expressions = new Set<string>()
  return rules.flatMap(({ claim, expression, message, requiredValue }, i) => {
    const field = `${at}[${i}]`
    if (claim && expression) return [invalid(field, claim, BOTH)]
    if (claim) {
      const errors: FieldError[] = []
      if (message)
        errors.push(invalid(`${field}.message`, message, 'may not be specified when claim is set'))
      if (claims.has(claim)) errors.push(duplicate(`${field}.claim`, claim))
      claims.add(claim)
      return errors
    }
    if (!expression) return [required(field, NEITHER)]
    const errors: FieldError[] = []
    if (requiredValue)
      errors.push(
        invalid(
          `${field}.requiredValue`,
          requiredValue,
          'may not be specified when expression is set',
        ),
      )
    if (expressions.has(expression))
      return [...errors, duplicate(`${field}.expression`, expression)]
    expressions.add(expression)
    return [...errors, ...expressionErrors(`${field}.expression`, expression, 'claims', true)]
  })
}

function userRuleErrors(rules: readonly UserValidationRule[], at: string): FieldError[] {
  const expressions = new Set<string>()
  return rules.flatMap(({ expression }, i) => {
    const field = `${at}[${i}].expression`
    if (!expression) return [required(field)]
    if (expressions.has(expression)) return [duplicate(field, expression)]
    expressions.add(expression)
    return expressionErrors(field, expression, 'users', true)
  })
}

function expressionErrors(
  field: string,
  text: string,
  subject: Subject,
  mustBeTrue = false,
): FieldError[] {
  const why = problemOf(text, subject, mustBeTrue)
  return why === undefined ? [] : [invalid(field, text, why)]
}

function mappingErrors(
  { username, groups, uid, extra }: ClaimMappings,
  rules: readonly ClaimValidationRule[],
  at: string,
): FieldError[] {
  const ofUser = prefixedErrors(username, `${at}.username`, true)
  const errors = [...ofUser, ...prefixedErrors(groups ?? {}, `${at}.groups`, false)]
  if (uid?.claim && uid.expression) errors.push(invalid(`${at}.uid`, '', BOTH))
  else if (uid?.expression)
    errors.push(...expressionErrors(`${at}.uid.expression`, uid.expression, 'claims'))
  const keys = new Set<string>()
  const values: string[] = []
  for (const [i, { key, valueExpression }] of (extra ?? []).entries()) {
    const found = extraErrors({ key, valueExpression }, `${at}.extra[${i}]`, keys)
    errors.push(...found)
    if (found.length === 0) values.push(valueExpression)
  }
  const { expression } = username
  if (!expression || ofUser.length > 0 || !usesClaim(expression, 'email')) return errors
  const others = rules.flatMap(rule =>
    rule.expression && !rule.claim && problemOf(rule.expression, 'claims', true) === undefined
      ? [rule.expression]
      : [],
  )
  if (![expression, ...values, ...others].some(each => usesClaim(each, 'email_verified')))
    errors.push(
      invalid(
        `${at}.username.expression`,
        expression,
        'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
      ),
    )
  return errors
}

function prefixedErrors(
  { claim, prefix, expression }: PrefixedClaimOrExpression,
  at: string,
  isRequired: boolean,
): FieldError[] {
  if (expression && claim) return [invalid(at, '', BOTH)]
  if (expression)
    return [
      ...(prefix === undefined || prefix === null
        ? []
        : [invalid(`${at}.prefix`, prefix, 'may not be specified when expression is set')]),
      ...expressionErrors(`${at}.expression`, expression, 'claims'),
    ]
  if (!claim) return isRequired ? [required(at, NEITHER)] : []
  if (prefix !== undefined && prefix !== null) return []
  return [
    required(
      `${at}.prefix`,
      'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ),
  ]
}

const OF_KUBERNETES = /^(.*\.)?(kubernetes|k8s)\.io\//

function extraErrors(
  { key = '', valueExpression = '' }: { key: string; valueExpression: string },
  at: string,
  keys: Set<string>,
): FieldError[] {
  const field = `${at}.key`
  const errors = domainPrefixErrors(key, field)
  if (key !== key.toLowerCase()) errors.push(invalid(field, key, 'must be lowercase'))
  if (OF_KUBERNETES.test(key))
    errors.push(
      invalid(
        field,
        key,
        'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
      ),
    )
  if (keys.has(key)) return [...errors, duplicate(field, key)]
  keys.add(key)
  if (valueExpression === '') return [...errors, required(`${at}.valueExpression`)]
  return [...errors, ...expressionErrors(`${at}.valueExpression`, valueExpression, 'claims')]
}
