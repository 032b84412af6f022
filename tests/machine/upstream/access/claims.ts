/** What tokens say, and what configurations make of it. */

const PREFIX = 'oidc:'
/**
 * The last one comes later. What `split` makes is no list to upstream's authentication until something was made of it; Proa takes it as it is.
 */
export const MAPPINGS: readonly object[] = [
  {
    claimMappings: {
      username: { claim: 'sub', prefix: PREFIX },
      groups: { claim: 'groups', prefix: PREFIX },
      uid: { claim: 'uid' },
    },
    claimValidationRules: [],
  },
  {
    claimMappings: {
      username: { expression: '"user:" + claims.name' },
      groups: { expression: 'has(claims.roles) ? claims.roles.split(",").map(each, each) : []' },
      uid: { expression: 'claims.sub' },
      extra: [
        { key: 'example.com/tenant', valueExpression: 'claims.?tenant.orValue("")' },
        { key: 'example.com/all', valueExpression: 'claims.?groups.orValue([])' },
        { key: 'example.com/none', valueExpression: 'null' },
      ],
    },
    claimValidationRules: [
      { expression: '!has(claims.age) || claims.age >= 18', message: 'too young' },
      { expression: 'claims.sub != "mallory"' },
    ],
    userValidationRules: [
      { expression: '!user.username.startsWith("user:system:")', message: 'no system names' },
      { expression: 'user.groups.all(group, !group.startsWith("system:"))' },
      { expression: 'user.?extra["example.com/tenant"].orValue([]) != ["evil"]' },
    ],
  },
  {
    claimMappings: { username: { claim: 'email', prefix: '' } },
    claimValidationRules: [{ claim: 'tenant', requiredValue: 'shop' }],
  },
  {
    claimMappings: {
      username: { expression: 'claims.email_verified ? claims.email : claims.name' },
      groups: { expression: 'claims.groups' },
    },
  },
  { claimMappings: { username: { claim: 'sub', prefix: '' } } },
]

export const CLAIMS: readonly object[] = [
  { sub: 'ali' },
  { sub: 'ali', groups: ['a', 'b'], uid: 'u1', name: 'Ali' },
  { sub: 'ali', groups: 'one', name: 'Ali', roles: 'dev,ops' },
  { sub: 'ali', groups: [], name: 'Ali', tenant: 'shop' },
  { sub: 'ali', groups: null, uid: 'u', name: 'Ali', tenant: 'shop' },
  { sub: 'ali', groups: ['a', 1], uid: 'u', name: 'Ali' },
  { sub: 'ali', groups: { a: 1 }, uid: 'u', name: 'Ali' },
  { sub: 'ali', groups: ['a', ''], uid: 'u', name: 'Ali' },
  { sub: 5, uid: 'u', name: 5 },
  { sub: '', uid: '', name: '' },
  { sub: null, uid: 'u', name: null },
  { sub: 'ali', uid: 7, name: 'Ali', age: 17 },
  { sub: 'ali', uid: 'u', name: 'Ali', age: 18 },
  { sub: 'ali', uid: 'u', name: 'Ali', age: 18.5, tenant: 'shop', email: 'a@b.c' },
  { sub: 'ali', uid: 'u', name: 'Ali', age: '18' },
  { sub: 'mallory', uid: 'u', name: 'Mallory' },
  { sub: 'ali', uid: 'u', name: 'system:admin' },
  { sub: 'ali', uid: 'u', name: 'Ali', roles: 'system:masters' },
  { sub: 'ali', uid: 'u', name: 'Ali', tenant: 'evil' },
  { sub: 'ali', email: 'a@b.c', tenant: 'shop', groups: ['x'], name: 'Ali' },
  { sub: 'ali', email: 'a@b.c', email_verified: true, tenant: 'shop', groups: 'x' },
  { sub: 'ali', email: 'a@b.c', email_verified: false, tenant: 'shop', groups: [], name: 'n' },
  { sub: 'ali', email: 'a@b.c', email_verified: 'true', tenant: 'shop', groups: null },
  { sub: 'ali', email: 'a@b.c', email_verified: null, tenant: 'shop' },
  { sub: 'ali', email: 'a@b.c', email_verified: true, tenant: 'other', groups: [1] },
  { sub: 'ali', email: 'a@b.c', email_verified: true, tenant: 5, groups: { a: 1 } },
]
