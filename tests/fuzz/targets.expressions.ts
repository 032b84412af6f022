/** Expressions of policies, webhooks and devices. */
import assert from 'node:assert/strict'
import {
  prepareExpressions,
  wrongDeviceExpression,
  wrongExpression,
} from '../../src/api/cel/expressions.ts'
import type { Target } from './fuzzer.ts'

await prepareExpressions()

/** In characters: few are longer. */
const LONGEST = 1000
const AT = 'spec.validations[0].expression'

export const expressionTargets: readonly Target[] = [
  {
    name: 'expressions',
    samples: [
      `object.spec.containers.all(c, c.image.startsWith('a/') && (!has(c.x) || c.x[?0].orValue(1) < 2u))`,
      `request.name in ['a', r"b", b'c', '''d'''] ? [1.5, -2e3].exists(x, x > 0.0) : {"k": [null]}.size() == 0x1F`,
      `"%s %d".format([object.metadata.name, 1]) != string(timestamp('2026-01-02T03:04:05Z')) // why`,
    ].map(text => Buffer.from(text)),
    words: [
      ...[
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '.',
        ',',
        ':',
        '?',
        '.?',
        '[?',
        '"',
        "'",
        "'''",
        '"""',
        '`',
      ],
      ...[
        'r"',
        "b'",
        '\\',
        '\\u00',
        '\\x',
        '&&',
        '||',
        '!',
        '-',
        '==',
        '<=',
        ' in ',
        '%',
        '//',
        '\n',
      ],
      ...[
        '9223372036854775808',
        '18446744073709551616u',
        '1e999',
        '0x',
        '1.',
        '.5',
        'null',
        'true',
      ],
      ...[
        'has(',
        '.all(x, ',
        '.map(',
        'cel.bind(x, ',
        '.optMap(x, ',
        'object.',
        'dyn(',
        'duration("',
        'ß',
      ],
    ],
    run(input) {
      // What is longer takes longer in proportion.
      const text = Buffer.from(input).toString().slice(0, LONGEST)
      const found = wrongExpression(AT, text)
      assert.ok(found.length <= 1)
      wrongDeviceExpression(AT, text)
    },
  },
]
