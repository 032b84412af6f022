/**
 * The rules for names, labels and keys. Each check gives the list of what is wrong, in the words that clients know
 * from upstream, and an empty list when the text is fine.
 */

const DNS_LABEL_BYTES = 63
const DNS_SUBDOMAIN_BYTES = 253
const LABEL_BYTES = 63
const PORT_NAME_BYTES = 15

const LABEL_1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN_1123 = `${LABEL_1123}(\\.${LABEL_1123})*`
const UNDERSCORED_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const UNDERSCORED_SUBDOMAIN = `${UNDERSCORED_LABEL}(\\.${UNDERSCORED_LABEL})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const KEY_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${KEY_NAME})?`
const WILDCARD_SUBDOMAIN = `\\*\\.${SUBDOMAIN_1123}`
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'
const ENVIRONMENT_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*'
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const HTTP_HEADER = '[-A-Za-z0-9]+'
const PERCENT = '[0-9]+%'

const whole = (pattern: string) => new RegExp(`^${pattern}$`)
const label1123 = whole(LABEL_1123)
const subdomain1123 = whole(SUBDOMAIN_1123)
const underscoredSubdomain = whole(UNDERSCORED_SUBDOMAIN)
const label1035 = whole(LABEL_1035)
const keyName = whole(KEY_NAME)
const labelValue = whole(LABEL_VALUE)
const wildcardSubdomain = whole(WILDCARD_SUBDOMAIN)
const cIdentifier = whole(C_IDENTIFIER)
const environmentName = whole(ENVIRONMENT_NAME)
const configKey = whole(CONFIG_KEY)
const httpHeader = whole(HTTP_HEADER)
const percent = whole(PERCENT)

/** `text (e.g. 'a',  or 'b', regex used for validation is '…')`, as upstream puts it. */
export function patternMessage(text: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map(example => `'${example}', `).join(' or ')
  return `${text} (${shown ? `e.g. ${shown}` : ''}regex used for validation is '${pattern}')`
}

const tooManyCharacters = (limit: number) => `must be no more than ${limit} characters`
const tooManyBytes = (limit: number) => `must be no more than ${limit} bytes`

/** Bytes of the text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit < 0xe000

export function isDns1123Label(text: string): string[] {
  const wrong = utf8Length(text) > DNS_LABEL_BYTES ? [tooManyCharacters(DNS_LABEL_BYTES)] : []
  if (label1123.test(text)) return wrong
  if (subdomain1123.test(text)) return [...wrong, 'must not contain dots']
  return [
    ...wrong,
    patternMessage(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      LABEL_1123,
      'my-name',
      '123-abc',
    ),
  ]
}

export function isDns1123Subdomain(text: string): string[] {
  const wrong =
    utf8Length(text) > DNS_SUBDOMAIN_BYTES ? [tooManyCharacters(DNS_SUBDOMAIN_BYTES)] : []
  return subdomain1123.test(text) ? wrong : [...wrong, SUBDOMAIN_MESSAGE]
}
const SUBDOMAIN_MESSAGE = patternMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN_1123,
  'example.com',
)

/** A subdomain in capital letters, too. */
export function isCaselessSubdomain(text: string): string[] {
  const wrong = utf8Length(text) > DNS_SUBDOMAIN_BYTES ? [tooManyBytes(DNS_SUBDOMAIN_BYTES)] : []
  if (subdomain1123.test(text.toLowerCase())) return wrong
  return [
    ...wrong,
    patternMessage(
      "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      SUBDOMAIN_1123,
      'Example.com',
    ),
  ]
}

/** A subdomain whose labels may begin with one underscore and hold more, as the names of services in DNS do. */
export function isUnderscoredDns1123Subdomain(text: string): string[] {
  const wrong =
    utf8Length(text) > DNS_SUBDOMAIN_BYTES ? [tooManyCharacters(DNS_SUBDOMAIN_BYTES)] : []
  if (underscoredSubdomain.test(text)) return wrong
  return [
    ...wrong,
    patternMessage(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
      UNDERSCORED_SUBDOMAIN,
      'example.com',
    ),
  ]
}

export function isDns1035Label(text: string): string[] {
  const wrong = utf8Length(text) > DNS_LABEL_BYTES ? [tooManyCharacters(DNS_LABEL_BYTES)] : []
  if (label1035.test(text)) return wrong
  return [
    ...wrong,
    patternMessage(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      LABEL_1035,
      'my-name',
      'abc-123',
    ),
  ]
}

/** `*.example.com`, for hosts of ingresses and routes. */
export function isWildcardDns1123Subdomain(text: string): string[] {
  const wrong =
    utf8Length(text) > DNS_SUBDOMAIN_BYTES ? [tooManyCharacters(DNS_SUBDOMAIN_BYTES)] : []
  if (wildcardSubdomain.test(text)) return wrong
  return [
    ...wrong,
    patternMessage(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      WILDCARD_SUBDOMAIN,
      '*.example.com',
    ),
  ]
}

const KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const KEY_MESSAGE = patternMessage(KEY_RULE, KEY_NAME, 'MyName', 'my.name', '123-abc')

/** The keys of labels and annotations, names of finalizers and resources: `name` or `example.com/name`. */
export function isQualifiedName(text: string): string[] {
  const parts = text.split('/')
  if (parts.length > 2)
    return [
      `a valid label key ${KEY_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const name = parts.at(-1) ?? ''
  const wrong = parts.length === 2 ? wrongPrefix(parts[0] ?? '') : []
  if (name === '') wrong.push('name part must be non-empty')
  else if (utf8Length(name) > LABEL_BYTES) wrong.push(`name part ${tooManyBytes(LABEL_BYTES)}`)
  if (!keyName.test(name)) wrong.push(`name part ${KEY_MESSAGE}`)
  return wrong
}

function wrongPrefix(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty']
  const wrong = []
  if (utf8Length(prefix) > DNS_SUBDOMAIN_BYTES)
    wrong.push(`prefix part ${tooManyBytes(DNS_SUBDOMAIN_BYTES)}`)
  if (!subdomain1123.test(prefix)) wrong.push(`prefix part ${SUBDOMAIN_MESSAGE}`)
  return wrong
}

export function isLabelValue(text: string): string[] {
  const wrong = utf8Length(text) > LABEL_BYTES ? [tooManyBytes(LABEL_BYTES)] : []
  if (labelValue.test(text)) return wrong
  return [
    ...wrong,
    patternMessage(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      LABEL_VALUE,
      'MyValue',
      'my_value',
      '12345',
    ),
  ]
}

/** What may stand between two slashes of a URL: anything but `.`, `..` and texts with `/` or `%`. */
export function isPathSegment(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return isPathSegmentPrefix(text)
}

export function isPathSegmentPrefix(text: string): string[] {
  return ['/', '%'].filter(part => text.includes(part)).map(part => `may not contain '${part}'`)
}

export function isCIdentifier(text: string): string[] {
  if (cIdentifier.test(text)) return []
  return [
    patternMessage(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      C_IDENTIFIER,
      'my_name',
      'MY_NAME',
      'MyName',
    ),
  ]
}

/** Names of environment variables under the strict rule. */
export function isEnvironmentName(text: string): string[] {
  const wrong = environmentName.test(text)
    ? []
    : [
        patternMessage(
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
          ENVIRONMENT_NAME,
          'my.env-name',
          'MY_ENV.NAME',
          'MyEnvName1',
        ),
      ]
  return [...wrong, ...wrongDots(text)]
}

/** Names of environment variables as v1.36 admits them: printable ASCII without `=`. */
export function isRelaxedEnvironmentName(text: string): string[] {
  const wrong = text === '' ? ['environment variable name must be non-empty'] : []
  if (/^[ -<>-~]*$/.test(text)) return wrong
  return [
    ...wrong,
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ]
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(text: string): string[] {
  const wrong =
    utf8Length(text) > DNS_SUBDOMAIN_BYTES ? [tooManyCharacters(DNS_SUBDOMAIN_BYTES)] : []
  if (!configKey.test(text))
    wrong.push(
      patternMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  return [...wrong, ...wrongDots(text)]
}

function wrongDots(text: string): string[] {
  if (text === '.' || text === '..') return [`must not be '${text}'`]
  return text.startsWith('..') ? ["must not start with '..'"] : []
}

/** Names of ports of containers and services, RFC 6335 in lower case. */
export function isPortName(text: string): string[] {
  const wrong = []
  if (text.length > PORT_NAME_BYTES) wrong.push(tooManyCharacters(PORT_NAME_BYTES))
  if (!/^[-a-z0-9]+$/.test(text))
    wrong.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(text)) wrong.push('must contain at least one letter (a-z)')
  if (text.includes('--')) wrong.push('must not contain consecutive hyphens')
  if (text.startsWith('-') || text.endsWith('-')) wrong.push('must not begin or end with a hyphen')
  return wrong
}

export function isPortNumber(port: number): string[] {
  return isInRange(port, 1, 65535)
}

export function isInRange(value: number, least: number, most: number): string[] {
  if (value >= least && value <= most) return []
  return [`must be between ${least} and ${most}, inclusive`]
}

export function isPercent(text: string): string[] {
  if (percent.test(text)) return []
  return [
    patternMessage(
      "a valid percent string must be a numeric string followed by an ending '%'",
      PERCENT,
      '1%',
      '93%',
    ),
  ]
}

export function isHttpHeaderName(text: string): string[] {
  if (httpHeader.test(text)) return []
  return [
    patternMessage(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      HTTP_HEADER,
      'X-Header-Name',
    ),
  ]
}

/** A prefix of names may end in a dash, since letters will follow. Upstream hides the last letter before the dash too; a bad one there shows in the name that is made. */
export const maskedPrefix = (prefix: string): string =>
  prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix

/** The rule of names that upstream judges by their schema, which says nothing of prefixes. */
export const subdomainOfAnyPrefix = (name: string, _: unknown, isPrefix: boolean): string[] =>
  isPrefix ? [] : isDns1123Subdomain(name)
