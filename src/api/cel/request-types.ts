/** What expressions of authentication and authorization know of: the claims of a token, the user that comes of them, and a review of access. */
import { type Environment, environmentOf, type Fields, fieldsFrom } from './checker/environment.ts'
import { typeNamed } from './checker/signatures.ts'

type Described = Readonly<Record<string, Readonly<Record<string, string>>>>

const USER: Described = {
  'kubernetes.UserInfo': {
    username: 'string',
    uid: 'string',
    groups: 'list<string>',
    extra: 'map<string, list<string>>',
  },
}

const REVIEW: Described = {
  'kubernetes.SubjectAccessReviewSpec': {
    resourceAttributes: 'kubernetes.ResourceAttributes',
    nonResourceAttributes: 'kubernetes.NonResourceAttributes',
    user: 'string',
    groups: 'list<string>',
    extra: 'map<string, list<string>>',
    uid: 'string',
  },
  'kubernetes.ResourceAttributes': {
    namespace: 'string',
    verb: 'string',
    group: 'string',
    version: 'string',
    resource: 'string',
    subresource: 'string',
    name: 'string',
    fieldSelector: 'kubernetes.FieldSelectorAttributes',
    labelSelector: 'kubernetes.LabelSelectorAttributes',
  },
  'kubernetes.FieldSelectorAttributes': {
    rawSelector: 'string',
    requirements: 'list<kubernetes.SelectorRequirement>',
  },
  'kubernetes.LabelSelectorAttributes': {
    rawSelector: 'string',
    requirements: 'list<kubernetes.SelectorRequirement>',
  },
  'kubernetes.SelectorRequirement': {
    key: 'string',
    operator: 'string',
    values: 'list<string>',
  },
  'kubernetes.NonResourceAttributes': { path: 'string', verb: 'string' },
}

function environment(variable: string, type: string, described: Described): Environment {
  const structs = new Map<string, Fields>(
    Object.entries(described).map(([name, fields]) => {
      const types = Object.entries(fields).map(([field, of]) => [field, typeNamed(of)])
      return [name, fieldsFrom(Object.fromEntries(types))]
    }),
  )
  return environmentOf({
    variables: [[variable, typeNamed(type)]],
    structs: name => structs.get(name),
  })
}

export const claimsEnvironment = () => environment('claims', 'map<string, any>', {})
export const usersEnvironment = () => environment('user', 'kubernetes.UserInfo', USER)
export const reviewsEnvironment = () =>
  environment('request', 'kubernetes.SubjectAccessReviewSpec', REVIEW)
