import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { parseAuthenticationConfiguration } from './configuration.ts'
import { Refused, userOf } from './identity.ts'

const issuer = { url: 'https://issuer.example', audiences: ['a'] }
const username = { claim: 'sub', prefix: '' }

const parse = (rest: object | string, apiVersion = 'apiserver.config.k8s.io/v1') =>
  parseAuthenticationConfiguration(
    Buffer.from(
      typeof rest === 'string'
        ? rest
        : JSON.stringify({ apiVersion, kind: 'AuthenticationConfiguration', ...rest }),
    ),
    'f',
  )
const jwt = (more: object) => ({ jwt: [{ issuer, claimMappings: { username }, ...more }] })
const load = (why: string) => `failed to load authentication configuration from file "f": ${why}`
const invalid = (why: string) => `invalid authentication configuration: ${why}`

const WRONG: readonly (readonly [file: object | string, message: string])[] = [
  ['', load('empty config data')],
  [
    { jwt: 3 },
    load(
      'json: cannot unmarshal number into Go struct field AuthenticationConfiguration.jwt of type []v1.JWTAuthenticator',
    ),
  ],
  [
    jwt({ issuer: { ...issuer, audiences: 'a' } }),
    load(
      'json: cannot unmarshal string into Go struct field Issuer.jwt.issuer.audiences of type []string',
    ),
  ],
  [
    { foo: 1, jwt: [{ a: 1 }] },
    load('strict decoding error: unknown field "foo", unknown field "jwt[0].a"'),
  ],
  [
    jwt({ issuer: { ...issuer, url: 'http://u@x' } }),
    invalid(
      '[jwt[0].issuer.url: Invalid value: "http://u@x": URL scheme must be https, jwt[0].issuer.url: Invalid value: "http://u@x": URL must not contain a username or password]',
    ),
  ],
  [
    jwt({ issuer: { ...issuer, certificateAuthority: 'junk' } }),
    invalid(
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ),
  ],
  [
    jwt({ claimValidationRules: [{ expression: 'claims.a' }] }),
    invalid(
      'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a": must evaluate to bool',
    ),
  ],
  [
    jwt({ userValidationRules: [{ expression: 'user.foo == 1' }] }),
    invalid(
      'jwt[0].userValidationRules[0].expression: Invalid value: "user.foo == 1": compilation failed: ERROR: <input>:1:5: undefined field \'foo\'\n | user.foo == 1\n | ....^',
    ),
  ],
  [
    jwt({ claimMappings: { username: { claim: 'sub' } } }),
    invalid(
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ),
  ],
  [
    jwt({ claimMappings: { username, extra: [{ key: 'a.k8s.io/x', valueExpression: '"a"' }] } }),
    invalid(
      'jwt[0].claimMappings.extra[0].key: Invalid value: "a.k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ),
  ],
  [
    { anonymous: { enabled: false, conditions: [{ path: '/livez' }] } },
    invalid(
      'anonymous.conditions: Invalid value: [{"Path":"/livez"}]: enabled should be set to true when conditions are defined',
    ),
  ],
]

test('what makes no sense is refused in the words of upstream', async () => {
  for (const [file, message] of WRONG)
    await assert.rejects(parse(file), error => {
      assert.ok(error instanceof UserError)
      assert.equal(error.message, message)
      return true
    })
})

test('an address that is not known to be verified names nobody, in whatever way it is asked for', async () => {
  const wrong = /claims.email_verified must be used in/
  for (const expression of [
    'claims.email',
    'claims.?email.orValue("")',
    '[1].map(x, claims.email)[0]',
    'string(claims.email) + "!"',
  ])
    await assert.rejects(parse(jwt({ claimMappings: { username: { expression } } })), wrong)
  for (const more of [
    { claimMappings: { username: { expression: 'claims.email_verified ? claims.email : ""' } } },
    {
      claimMappings: { username: { expression: 'claims.email' } },
      claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }],
    },
  ])
    await parse(jwt(more))
})

const made = async (more: object, claims: object) => {
  const { jwt: all } = await parse(jwt(more), 'apiserver.config.k8s.io/v1beta1')
  const [authenticator] = all
  assert.ok(authenticator)
  return userOf(authenticator, claims as Record<string, unknown>)
}
const refused = (message: string) => (error: unknown) =>
  error instanceof Refused && error.message === message

test('claims make a user as they are told to', async () => {
  const mapped = {
    claimMappings: {
      username: { claim: 'sub', prefix: 'x:' },
      groups: { claim: 'groups', prefix: 'g:' },
      uid: { claim: 'id' },
    },
  }
  assert.deepEqual(await made(mapped, { sub: 'ali', groups: 'one', id: '7' }), {
    name: 'x:ali',
    uid: '7',
    groups: ['g:one'],
  })
  await assert.rejects(
    made(mapped, { sub: 'ali', groups: [1], id: '7' }),
    refused(
      'oidc: parse groups claim "groups": json: cannot unmarshal array into Go value of type string',
    ),
  )
  await assert.rejects(
    made(mapped, { sub: 'ali' }),
    refused('oidc: parse uid claim "id": claim not present'),
  )
})

test('expressions make users, and rules refuse them with what they have to say', async () => {
  const more = {
    claimMappings: {
      username: { expression: 'claims.sub + ":" + string(claims.n)' },
      groups: { expression: 'claims.?roles.orValue([])' },
      extra: [
        { key: 'example.com/a', valueExpression: 'claims.?a.orValue("")' },
        { key: 'example.com/b', valueExpression: '["x", ""]' },
      ],
    },
    claimValidationRules: [{ expression: 'claims.n < 10', message: 'too many' }],
    userValidationRules: [{ expression: '!("root" in user.groups)', message: 'no root' }],
  }
  assert.deepEqual(await made(more, { sub: 'ali', n: 1, roles: ['dev', ''] }), {
    name: 'ali:1',
    groups: ['dev'],
    extra: { 'example.com/b': ['x'] },
  })
  await assert.rejects(
    made(more, { sub: 'ali', n: 10 }),
    refused(
      "oidc: error evaluating claim validation expression: validation expression 'claims.n < 10' failed: too many",
    ),
  )
  await assert.rejects(
    made(more, { sub: 'ali', n: 1, roles: 'root' }),
    refused(
      'oidc: error evaluating user info validation rule: validation expression \'!("root" in user.groups)\' failed: no root',
    ),
  )
  await assert.rejects(made(more, { n: 1 }), /no such key: sub/)
  await assert.rejects(made(more, { sub: 'a', n: 1, roles: [1] }), /a string or a list of strings/)
})

test('names of prototypes are claims like any other, or none', async () => {
  const of = { claimMappings: { username: { claim: 'toString', prefix: '' } } }
  await assert.rejects(
    made(of, {}),
    refused('oidc: parse username claims "toString": claim not present'),
  )
  assert.equal((await made(of, { toString: 'x' })).name, 'x')
})
