/** Requests for certificates as somebody may make them who knows the rules, or nearly: subjects, names, keys, usages and PEM, put together by chance. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { nameOf, pemOf } from '#base/pki/certificate.ts'
import {
  bitString,
  context,
  contextPrimitive,
  element,
  integer,
  oid,
  sequence,
  set,
} from '../../../../src/base/pki/der.ts'
import type { Dice } from '../../../fuzz/random.ts'

export interface SigningRequest {
  readonly user: string
  readonly spec: {
    readonly request: string
    readonly signerName: string
    readonly usages: readonly string[]
    readonly expirationSeconds?: number
  }
  /** What an administrator decides; '' for nothing. */
  readonly decision: '' | 'Approved' | 'Denied'
}

const [P256, P384, ED25519, RSA] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  generateKeyPairSync('ed25519'),
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
] as const
const KEYS: readonly (readonly [
  { privateKey: KeyObject; publicKey: KeyObject },
  string,
  string | undefined,
])[] = [
  [P256, '1.2.840.10045.4.3.2', 'sha256'],
  [P256, '1.2.840.10045.4.3.2', 'sha256'],
  [P384, '1.2.840.10045.4.3.3', 'sha384'],
  [ED25519, '1.3.101.112', undefined],
  [RSA, '1.2.840.113549.1.1.11', 'sha256'],
]

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'
const [UTF8, PRINTABLE, T61, IA5] = [0x0c, 0x13, 0x14, 0x16]

export const USERS = ['system:node:n1', 'system:node:n2', 'boot', 'ali', 'root'] as const
export const TOKENS = `n1-token,system:node:n1,1,"system:nodes"
n2-token,system:node:n2,2,"system:nodes"
boot-token,boot,3,"system:bootstrappers"
ali-token,ali,4
root-token,root,5,"system:masters"
`
export const tokenOf = (user: string) => `${user.replace('system:node:', '')}-token`

type Attribute = readonly [id: string, tag: number, text: string]

function subjectOf(dice: Dice, user: string): Attribute[] {
  const isNode = user.startsWith('system:node:')
  const name = dice.pick([
    ...Array.from({ length: 12 }, () => (isNode ? user : dice.pick(['system:node:n1', 'ali']))),
    ...['system:node:n2', 'system:node:', 'ali', '', 'System:node:n1', 'system:node:N_1', 'müller'],
  ])
  const organizations = dice.pick([
    ...Array.from({ length: 12 }, () => ['system:nodes']),
    ...[
      [],
      ['dev'],
      ['dev'],
      ['system:masters'],
      ['system:nodes', 'dev'],
      ['system:nodes', 'system:nodes'],
      [''],
    ],
  ])
  const tag = () => dice.pick([UTF8, UTF8, UTF8, PRINTABLE, IA5, T61]) as number
  const fitting = (text: string) =>
    /^[\x20-\x7e]*$/.test(text) && !/[_@&*]/.test(text) ? tag() : UTF8
  const parts: Attribute[] = [
    ...organizations.map((text): Attribute => [ORGANIZATION, fitting(text), text]),
    ...(dice.below(20) > 0 ? [[COMMON_NAME, fitting(name), name] as Attribute] : []),
  ]
  while (dice.below(12) === 0)
    parts.splice(
      dice.below(parts.length + 1),
      0,
      dice.pick<Attribute>([
        ['2.5.4.11', UTF8, 'unit'],
        ['2.5.4.6', PRINTABLE, 'DE'],
        ['2.5.4.5', PRINTABLE, '12345'],
        ['2.5.4.7', UTF8, 'Köln'],
        ['0.9.2342.19200300.100.1.25', IA5, 'example'],
        ['1.3.6.1.4.1.57683.2', UTF8, 'uid'],
        [COMMON_NAME, UTF8, 'system:node:n2'],
        [COMMON_NAME, UTF8, ''],
        ['1.2.840.113549.1.9.1', IA5, 'a@b.example'],
      ]),
    )
  return parts
}

function subjectDer(dice: Dice, user: string): Buffer {
  const value = ([id, tag, text]: Attribute) => sequence(oid(id), element(tag, Buffer.from(text)))
  const attributes = subjectOf(dice, user)
  // All in one set, or each in its own.
  return dice.below(12) === 0
    ? sequence(set(...attributes.map(value)))
    : sequence(...attributes.map(each => set(value(each))))
}

function namesOf(dice: Dice, isServing: boolean): Buffer[] {
  const dns = (text: string) => contextPrimitive(2, Buffer.from(text, 'utf8'))
  const ip = (...bytes: number[]) => contextPrimitive(7, Uint8Array.from(bytes))
  const names: Buffer[] = []
  if (isServing && dice.below(8) > 0) names.push(dns('n1'))
  while (dice.below(6) < 1)
    names.push(
      dice.pick([
        ...[
          dns('n1'),
          dns('n1'),
          dns('n2'),
          dns('N1'),
          dns('*.example.com'),
          dns('kubernetes.default'),
        ],
        ...[dns('müller'), dns('')],
        ...[ip(10, 0, 0, 1), ip(10, 0, 0, 1), ip(...Array(15).fill(0), 1), ip(1, 2, 3)],
        contextPrimitive(1, Buffer.from('a@b.example')),
        contextPrimitive(6, Buffer.from('spiffe://cluster.local/ns/a')),
        contextPrimitive(6, Buffer.from('not a uri%%')),
        contextPrimitive(8, Buffer.from([0x2a, 3, 4])),
        context(4, nameOf([[COMMON_NAME, ['directory']]])),
      ]),
    )
  return names
}

function der(dice: Dice, user: string, isServing: boolean): Buffer {
  const [{ privateKey, publicKey }, algorithm, hash] = dice.pick(KEYS)
  const names = namesOf(dice, isServing)
  const extension = (id: string, value: Buffer) => sequence(oid(id), element(0x04, value))
  const extensions = [
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names))] : []),
    ...(dice.below(10) === 0
      ? [extension('2.5.29.19', sequence(element(0x01, Buffer.from([0xff]))))]
      : []),
    ...(dice.below(20) === 0 ? [extension('1.2.3.4', Buffer.from([5, 0]))] : []),
  ]
  const asked =
    extensions.length > 0
      ? [sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions)))]
      : []
  const password =
    dice.below(15) === 0
      ? [sequence(oid('1.2.840.113549.1.9.7'), set(element(UTF8 as number, Buffer.from('secret'))))]
      : []
  const info = sequence(
    integer(Buffer.from([0])),
    subjectDer(dice, user),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(0, ...password, ...asked),
  )
  const signed = dice.below(25) === 0 ? Buffer.from('something else') : info
  const parameters = algorithm.startsWith('1.2.840.113549') ? [element(0x05)] : []
  const whole = sequence(
    info,
    sequence(oid(algorithm), ...parameters),
    bitString(sign(hash, signed, privateKey)),
  )
  return dice.below(40) === 0 ? Buffer.concat([whole, Buffer.from([5, 0])]) : whole
}

function pem(dice: Dice, user: string, isServing: boolean): string {
  const bytes = der(dice, user, isServing)
  const good = pemOf('CERTIFICATE REQUEST', bytes)
  return dice.pick([
    ...Array.from({ length: 40 }, () => good),
    good.replaceAll('\n', '\r\n'),
    `some words\n${good}`,
    `${good}more words`,
    pemOf('NEW CERTIFICATE REQUEST', bytes),
    pemOf('CERTIFICATE', bytes),
    good + pemOf('CERTIFICATE REQUEST', der(dice, user, isServing)),
    good.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'),
    good.replace('-----\n', '-----\nA: b\n'),
    ` ${good}`,
    good.replace(/\n-----END/, '-----END'),
    good.replace(
      /\n(.{64})\n/,
      (_, line: string) => `\n ${line.slice(0, 30)} \n${line.slice(30)}\n`,
    ),
    `-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n${good}`,
    good.trimEnd(),
    good.slice(0, -10),
    bytes.toString('base64'),
    '',
  ])
}

const CLIENT = ['digital signature', 'key encipherment', 'client auth']
const SERVER = ['digital signature', 'key encipherment', 'server auth']
const MORE = [
  ...[
    'signing',
    'content commitment',
    'data encipherment',
    'key agreement',
    'cert sign',
    'crl sign',
  ],
  ...['encipher only', 'decipher only', 'any', 'code signing', 'email protection', 's/mime'],
  ...['ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing'],
  ...['microsoft sgc', 'netscape sgc', 'nonsense', 'client auth', 'server auth', ''],
]

function usagesOf(dice: Dice, isServing: boolean): string[] {
  const fitting = isServing ? SERVER : CLIENT
  const usages = [...dice.pick([...Array.from({ length: 8 }, () => fitting), CLIENT, SERVER, []])]
  if (dice.below(2) === 0) usages.splice(1, 1)
  while (dice.below(10) === 0) usages.splice(dice.below(usages.length + 1), 0, dice.pick(MORE))
  return usages
}

export function signingRequest(dice: Dice): SigningRequest {
  const seconds = dice.pick([
    ...Array.from({ length: 8 }, () => undefined),
    ...[600, 601, 3600, 8 * 3600, 8 * 3600 - 1, 86_400, 2 ** 31 - 1, 599, 0, -1],
  ])
  const signer = dice.pick([
    ...Array.from({ length: 6 }, () => 'kube-apiserver-client-kubelet'),
    ...Array.from({ length: 6 }, () => 'kubelet-serving'),
    ...Array.from({ length: 6 }, () => 'kube-apiserver-client'),
    ...['legacy-unknown', 'nonsense', 'a/b', 'A', ''],
  ])
  const user = dice.pick([...USERS, 'system:node:n1', 'system:node:n1'])
  const isServing = signer === 'kubelet-serving'
  return {
    user,
    spec: {
      request: Buffer.from(pem(dice, user, isServing)).toString('base64'),
      signerName:
        dice.below(30) === 0
          ? dice.pick(['example.com/other', 'other', ''])
          : `kubernetes.io/${signer}`,
      usages: usagesOf(dice, isServing),
      ...(seconds === undefined ? {} : { expirationSeconds: seconds }),
    },
    decision: dice.pick(['', 'Approved', 'Approved', 'Approved', 'Denied']),
  }
}
