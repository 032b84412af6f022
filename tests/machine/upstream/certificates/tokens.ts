/** Secrets of bootstrap tokens as somebody may make them by hand, right and wrong, put together by chance. */
import type { Dice } from '../../../fuzz/random.ts'

export interface TokenSecret {
  /** What somebody would come with. */
  readonly token: string
  readonly secret: object
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const letters = (dice: Dice, count: number) =>
  Array.from({ length: count }, () => LETTERS[dice.below(LETTERS.length)]).join('')

const FUTURE = [
  ...['2099-01-01T00:00:00Z', '2099-01-01T00:00:00Z', '2099-01-01T02:00:00+02:00'],
  ...['2099-01-01T00:00:00.123456789Z', '2099-01-01', '2099', '2099-01-01T00:00Z'],
  ...['2099-01-01 00:00:00Z', 'Thu, 01 Jan 2099 00:00:00 GMT', 'Jan 1 2099', '2099-01-01T00:00:00'],
  ...[
    '2099-01-01t00:00:00z',
    '+002099-01-01T00:00:00Z',
    '2099-02-30T00:00:00Z',
    '2099-1-1T00:00:00Z',
  ],
  ...[
    ' 2099-01-01T00:00:00Z',
    '2099-01-01T00:00:00Z\n',
    '2099-01-01T24:00:00Z',
    '2099-12-31T23:59:60Z',
  ],
  ...[
    '2099-01-01T00:00:00,5Z',
    '2099-01-01T00:00:00+24:00',
    '2099-01-01T00:00:00-23:59',
    '4070908800',
  ],
  ...['2099-01-01T00:00:00+0200', '9999-12-31T23:59:59Z', '10000-01-01T00:00:00Z', 'never'],
]
const PAST = [
  '2001-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '2001',
  'yesterday',
]

const GROUPS = [
  ...[
    'system:bootstrappers:a',
    'system:bootstrappers:b',
    'system:bootstrappers:kubeadm:default-node-token',
  ],
  ...['system:bootstrappers:', 'system:bootstrappers', 'system:masters', 'system:bootstrappers:A'],
  ...['system:bootstrappers:a-', 'system:bootstrappers:a:', '', ' system:bootstrappers:a'],
  ...[
    'system:bootstrappers:a\n',
    `system:bootstrappers:${'x'.repeat(256)}`,
    `system:bootstrappers:${'x'.repeat(257)}`,
  ],
]

const USAGE = [
  'true',
  'true',
  'true',
  'true',
  'true',
  'true',
  'false',
  'True',
  '1',
  '',
  ' true',
  'true\n',
]

export function tokenSecret(dice: Dice): TokenSecret {
  const [id, value] = [letters(dice, 6), letters(dice, 16)]
  const odd = dice.below(12)
  const ofName = odd === 0 ? letters(dice, 6) : id
  const data: Record<string, string> = {
    'token-id':
      odd === 1 ? dice.pick([letters(dice, 6), '', id.toUpperCase(), `${id}x`, `${id}\n`]) : id,
    'token-secret':
      odd === 2 ? dice.pick([letters(dice, 16), '', 'short', `${value}\n`, '\u00ff']) : value,
    'usage-bootstrap-authentication': dice.pick(USAGE),
    'usage-bootstrap-signing': dice.pick(USAGE),
  }
  if (dice.below(3) > 0) data.expiration = dice.pick(dice.below(4) === 0 ? PAST : FUTURE)
  if (dice.below(20) === 0) data.expiration = ''
  if (dice.below(2) > 0) {
    const groups = Array.from({ length: 1 + dice.below(3) }, () =>
      dice.below(3) > 0 ? dice.pick(GROUPS.slice(0, 3)) : dice.pick(GROUPS),
    )
    data['auth-extra-groups'] = groups.join(dice.below(15) === 0 ? ', ' : ',')
  }
  for (const key of Object.keys(data)) if (dice.below(50) === 0) delete data[key]
  if (dice.below(4) === 0) data.description = 'words'
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return {
    token:
      dice.below(20) === 0
        ? dice.pick([
            `${id}.${letters(dice, 16)}`,
            `${id}.${value} `,
            `${id}.${value.toUpperCase()}`,
            `${id}${value}`,
          ])
        : `${id}.${value}`,
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${ofName}`, namespace: 'kube-system' },
      type: dice.below(25) === 0 ? 'Opaque' : 'bootstrap.kubernetes.io/token',
      data: encoded,
    },
  }
}
