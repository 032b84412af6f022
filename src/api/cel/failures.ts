/** What goes wrong in an evaluation, in upstream's words: the engine has its own. */

/** There is no operator, function or macro for values of these types. */
export class NoSuchOverload extends Error {
  override readonly name = 'NoSuchOverload'
  constructor() {
    super('no such overload')
  }
}

const NO_OVERLOAD =
  /^(?:No such overload|Found no matching overload|Logical operator requires bool|Ternary condition must be bool|\w+\(.*\) predicate must return bool)/i

/** Where the engine's sentence matches, upstream's. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^Optional value is not present$/, 'optional.none() dereference'],
  [/^Integer overflow: .*$/i, 'integer overflow'],
  [/^Modulo by zero$/i, 'modulus by zero'],
  [/^Invalid time ?zone specified: (.*)$/i, 'unknown time zone $1'],
  [/^No such key: index out of bounds, index (-?\d+) .*$/i, 'index out of bounds: $1'],
  [
    /^Invalid duration string: .*$/i,
    "type conversion error from 'string' to 'google.protobuf.Duration'",
  ],
  [
    /^timestamp\(\) requires a string.*$/,
    "type conversion error from 'string' to 'google.protobuf.Timestamp'",
  ],
  [/^(u?int)\(\) type error: cannot convert to \1$/, "type conversion error from 'string' to '$1'"],
  [
    /^double\(\) type error: cannot convert to double$/,
    "type conversion error from 'string' to 'double'",
  ],
  [/^bool\(\) conversion error: .*$/, "type conversion error from 'string' to 'bool'"],
  [/^uint\(\) type error: (unsigned integer overflow)$/, '$1'],
  [/^int\(\) type error: (integer overflow)$/, '$1'],
]

/** The error as it is thrown on; those of our own functions speak for themselves. */
export function inUpstreamsWords(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown
  const [message = ''] = thrown.message.split('\n')
  if ('code' in thrown && NO_OVERLOAD.test(message)) return new NoSuchOverload()
  for (const [pattern, sentence] of SENTENCES)
    if (pattern.test(message)) return new Error(message.replace(pattern, sentence))
  if (!('code' in thrown)) return thrown
  return new Error(message.charAt(0).toLowerCase() + message.slice(1))
}
