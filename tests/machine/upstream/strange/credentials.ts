/** Headers and certificates by which somebody may try to be somebody, put together by chance. */
import type { Dice } from '../../../fuzz/random.ts'

export type Header = readonly [name: string, value: string]
export type Certificate = 'none' | 'ali' | 'proxy' | 'stranger'

export interface Credentials {
  readonly certificate: Certificate
  readonly headers: readonly Header[]
}

export const TOKENS = `ali-token,ali,1,"dev,ops"
imp-token,imp,2
root-token,root,3,"system:masters"
con-token,con,5
nobody-token,system:anonymous,4,"system:unauthenticated"
`

const BEARERS = [
  'Bearer ali-token',
  'bearer imp-token',
  'BEARER root-token',
  'Bearer imp-token',
  'Bearer con-token',
  'Bearer con-token',
  'Bearer con-token',
  'Bearer root-token',
  'Bearer nobody-token',
  'Bearer  ali-token',
  'Bearer ali-token more',
  'Bearer ali-token, Bearer root-token',
  'Bearer\tali-token',
  'Bearer',
  'Bearer ',
  'Bearer wrong',
  'Basic YTpi',
  'ali-token',
  '',
] as const

const NAMES = ['bob', 'Bob', 'bob ', 'a, b', 'bob,system:masters', '', 'jürgen', 'system:anonymous']
const GROUPS = ['dev', 'dev, ops', 'system:masters', '', 'a,b', 'system:authenticated']
const ACCOUNTS = [
  'system:serviceaccount:default:web',
  'system:serviceaccount:default:',
  'system:serviceaccount:Default:web',
  'system:serviceaccount:default:web:more',
  'system:serviceaccount:a%2fb:web',
  'system:node:n1',
  'system:node:n1',
  'system:node:N_1',
  'system:node:',
]
const VALUES = ['view', 'view, edit', '', 'ü']
const KEYS = ['scopes', 'Scopes', 'acme.com%2Fproject', 'acme.com%2fproject', '%41bc', '%zz', '']

/** Upper and lower case say the same in names of headers. */
function spelled(dice: Dice, name: string): string {
  return dice.pick([name, name, name.toLowerCase(), name.toUpperCase()])
}

export function credentials(dice: Dice): Credentials {
  const headers: Header[] = []
  const some = (odds: number, make: () => Header) => {
    while (dice.below(100) < odds) headers.push(make())
  }
  if (dice.below(10) > 0) headers.push([spelled(dice, 'Authorization'), dice.pick(BEARERS)])
  some(4, () => ['Authorization', dice.pick(BEARERS)])
  if (dice.below(3) === 0) {
    some(60, () => [
      spelled(dice, dice.pick(['X-Remote-User', 'X-Who', 'Who'])),
      dice.pick([...NAMES, ...ACCOUNTS]),
    ])
    some(40, () => [spelled(dice, dice.pick(['X-Remote-Group', 'X-Team'])), dice.pick(GROUPS)])
    some(20, () => [spelled(dice, dice.pick(['X-Remote-Uid', 'X-Id'])), dice.pick(NAMES)])
    some(20, () => [
      spelled(dice, `${dice.pick(['X-Remote-Extra-', 'X-More-'])}${dice.pick(KEYS)}`),
      dice.pick(VALUES),
    ])
  }
  if (dice.below(2) === 0) {
    some(70, () => [
      spelled(dice, 'Impersonate-User'),
      dice.pick([...NAMES, 'bob', 'bob', ...ACCOUNTS]),
    ])
    some(25, () => [spelled(dice, 'Impersonate-Group'), dice.pick([...GROUPS, 'dev', 'dev'])])
    some(10, () => [spelled(dice, 'Impersonate-Uid'), dice.pick(['u', '', 'v'])])
    some(15, () => [
      spelled(dice, `Impersonate-Extra-${dice.pick(KEYS)}`),
      dice.pick([...VALUES, 'view']),
    ])
    some(2, () => [dice.pick(['Impersonate-', 'Impersonate-Nonsense', 'Impersonate']), 'x'])
  }
  const certificate = dice.pick([
    'none',
    'none',
    'none',
    'ali',
    'proxy',
    'proxy',
    'stranger',
  ] as const)
  return { certificate, headers }
}

export const WEB_SOCKETS: readonly (readonly Header[])[] = [
  ['ali-token'],
  ['ali-token', 'root-token'],
  ['', ''],
].flatMap(tokens => {
  const names = tokens.map(
    token => `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`,
  )
  return [names, ['v4.channel.k8s.io', ...names], [...names, 'v4.channel.k8s.io']].map(all => [
    ['Sec-WebSocket-Protocol', all.join(', ')] as const,
  ])
})
