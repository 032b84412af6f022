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

const authorization = (authorizers: object[]) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthorizationConfiguration',
  authorizers,
})
const hook = (more: object) =>
  authorization([
    {
      type: 'Webhook',
      name: 'z',
      webhook: {
        timeout: '4s',
        authorizedTTL: '1s',
        unauthorizedTTL: '2s',
        subjectAccessReviewVersion: 'v1',
        failurePolicy: 'Deny',
        connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/dev/null' },
        ...more,
      },
    },
  ])

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
  'authorization-config': [
    '',
    'nonsense',
    { apiVersion: 'v1', kind: 'Pod' },
    authorization([]),
    { ...authorization([]), foo: 1 },
    authorization([{ type: 'Webhook', name: 'z', webhook: { timeout: 4 } }]),
    authorization([{ type: 'Webhook', name: 'z', webhook: { timeout: '4x' } }]),
    authorization([
      { type: 'Foo', name: 'a' },
      { type: 'RBAC' },
      { type: 'RBAC', name: 'b' },
      { type: 'Node', name: 'Node_' },
      { type: 'ABAC', name: 'x' },
      { name: 'x' },
      { type: 'Webhook', name: 'x' },
      { type: 'Webhook', name: 'z', webhook: {} },
      { type: 'AlwaysAllow', name: 'w', webhook: {} },
    ]),
    authorization([{ type: 'RBAC', name: 'x' }]),
    authorization([{ type: 'AlwaysDeny', name: 'x' }]),
    hook({
      timeout: '40s',
      authorizedTTL: '-1s',
      unauthorizedTTL: '-2s',
      subjectAccessReviewVersion: 'v2',
      matchConditionSubjectAccessReviewVersion: 'v1beta1',
      failurePolicy: 'Foo',
      connectionInfo: { type: 'Foo' },
      matchConditions: [
        'request.user',
        '',
        '1 + ',
        'request.user',
        'request.foo == 1',
        'has(request.resourceAttributes) && request.resourceAttributes.namespace == 1',
        'authorizer',
        'request.extra.foo',
        'request.uid.foo',
        'request.resourceAttributes.fieldSelector.requirements[0].foo',
      ].map(expression => ({ expression })),
    }),
    hook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' } }),
    hook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/nowhere' } }),
    hook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/' } }),
    hook({ connectionInfo: { type: 'KubeConfigFile' } }),
    hook({ connectionInfo: { type: 'InClusterConfig', kubeConfigFile: '/' } }),
    hook({ matchConditions: [{ expression: 'true' }] }),
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
  [...OIDC, '--oidc-required-claim=a'],
  [RBAC, '--token-auth-file=/nowhere'],
  [RBAC, '--authentication-token-webhook-config-file=/nowhere'],
  ['--authorization-mode=Foo'],
  ['--authorization-mode=RBAC,RBAC'],
  ['--authorization-mode=ABAC'],
  ['--authorization-mode=Webhook'],
  [RBAC, '--authorization-policy-file=a', '--authorization-webhook-config-file=b'],
  [RBAC, '--authorization-config=/nowhere'],
  ['--authorization-config=/nowhere'],
  ['--authorization-config=/nowhere', '--authorization-webhook-version=v1'],
  ['--authorization-mode=ABAC', '--authorization-policy-file=/nowhere'],
  ['--authorization-mode=Webhook', '--authorization-webhook-config-file=/nowhere'],
  [RBAC, '--enable-admission-plugins=Foo'],
  [RBAC, '--enable-admission-plugins=Foo,Bar', '--disable-admission-plugins=Baz'],
  [RBAC, '--enable-admission-plugins=AlwaysAdmit', '--disable-admission-plugins=AlwaysAdmit'],
]
