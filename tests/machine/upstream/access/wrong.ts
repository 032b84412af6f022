/** What neither API server starts with. */

const authentication = (rest: object, apiVersion = 'apiserver.config.k8s.io/v1') => ({
  apiVersion,
  kind: 'AuthenticationConfiguration',
  ...rest,
})
const issuer = { url: 'https://issuer.example', audiences: ['a'] }
const username = { claim: 'sub', prefix: '' }
const jwt = (...more: object[]) =>
  authentication({ jwt: more.map(each => ({ issuer, claimMappings: { username }, ...each })) })

export const WRONG_FILES: Readonly<Record<string, readonly (object | string)[]>> = {
  'authentication-config': [
    '',
    'nonsense',
    '[1]',
    { apiVersion: 'v1', kind: 'Pod' },
    { kind: 'AuthenticationConfiguration' },
    { apiVersion: 'apiserver.config.k8s.io/v1' },
    authentication({ jwt: 3 }),
    authentication({ jwt: [{ issuer: { audiences: 'a' } }] }),
    authentication({ anonymous: { enabled: 'yes' } }),
    authentication({ foo: 1, jwt: [{ a: 1, issuer: { b: 1 } }] }),
    authentication({ jwt: [{}] }, 'apiserver.config.k8s.io/v1beta1'),
    authentication({ anonymous: { enabled: false, conditions: [{ path: '/livez' }] } }),
    jwt({}, {}),
    jwt({
      issuer: {
        ...issuer,
        url: 'http://u:p@x?y#z',
        discoveryURL: 'http://u:p@x?y#z/',
        certificateAuthority: 'junk',
        egressSelectorType: 'foo',
        audiences: ['a', 'b', 'a', ''],
      },
      claimMappings: { username: { claim: 'sub' }, uid: { claim: 'a', expression: 'b' } },
    }),
    jwt({ issuer: { ...issuer, audienceMatchPolicy: 'MatchAll' } }),
    jwt({
      claimValidationRules: [
        { claim: 'a', expression: 'b' },
        {},
        { claim: 'a', message: 'x' },
        { claim: 'a' },
        { expression: '1', requiredValue: 's' },
        { expression: 'claims.a' },
        { expression: 'claims.a' },
        { expression: 'claims.a == 1' },
        { expression: 'user.username == ""' },
        { expression: 'claims.' },
      ],
      userValidationRules: [
        {},
        { expression: 'user.foo == 1' },
        { expression: 'user.username' },
        { expression: 'user.username' },
        { expression: 'claims.a == 1' },
        { expression: 'user.extra.a == 1' },
      ],
    }),
    jwt({
      claimMappings: {
        username: { expression: 'claims.email', prefix: 'x' },
        groups: { expression: 'claims.groups +' },
        uid: { expression: 'user.username' },
        extra: [
          { key: 'Foo', valueExpression: '1' },
          { key: 'k8s.io/x', valueExpression: '' },
          { key: 'a.k8s.io/x', valueExpression: '"a"' },
          { key: 'a.b/c', valueExpression: 'claims.x == 1' },
          { key: 'a.b/c', valueExpression: 'claims.x' },
          { key: 'a_b/c', valueExpression: 'claims.x' },
          { key: 'a.b/', valueExpression: 'claims.x' },
          { key: '', valueExpression: 'claims.x' },
        ],
      },
    }),
    jwt({ claimMappings: { username: { expression: 'claims.email' } } }),
    jwt({ claimMappings: { username: { expression: 'claims.?email.orValue("")' } } }),
    jwt({
      claimMappings: {
        username: { expression: '[claims.email].map(x, x)[0]' },
        extra: [{ key: 'a.b/c', valueExpression: 'claims.email_verified +' }],
      },
    }),
    jwt({ issuer: { ...issuer, url: 'https://kubernetes.default.svc.cluster.local' } }),
  ],
}

const RBAC = '--authorization-mode=RBAC'
const OIDC = [RBAC, '--oidc-issuer-url=https://issuer.example', '--oidc-client-id=a']

export const WRONG_FLAGS: readonly (readonly string[])[] = [
  [RBAC, '--authentication-config=/nowhere'],
  [...OIDC, '--authentication-config=/nowhere'],
  [RBAC, '--oidc-issuer-url=https://issuer.example'],
  [RBAC, '--oidc-username-claim=a'],
  [RBAC, '--oidc-issuer-url=http://issuer.example', '--oidc-client-id=a'],
  [...OIDC, '--oidc-signing-algs=foo,RS256'],
  [...OIDC, '--oidc-ca-file=/nowhere'],
  [...OIDC, '--oidc-ca-file=EMPTY'],
  [...OIDC, '--oidc-required-claim=a'],
  [RBAC, '--token-auth-file=/nowhere'],
  [RBAC, '--authentication-token-webhook-config-file=/nowhere'],
]
