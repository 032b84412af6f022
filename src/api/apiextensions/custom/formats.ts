/**
 * The formats that schemas may ask of strings, by their names without dashes. Formats that nobody knows are ignored, as
 * upstream does. Each test takes time linear in the text, which anybody may send.
 */
import { addressFamily } from '../../core/v1/addresses.ts'
import { parseDuration } from '../../machinery/duration.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../machinery/names.ts'
import { canonicalTime } from '../../machinery/time.ts'

type Test = (text: string) => boolean

const matching =
  (pattern: RegExp): Test =>
  text =>
    pattern.test(text)

const succeeding =
  (parse: (text: string) => unknown): Test =>
  text => {
    try {
      parse(text)
      return true
    } catch {
      return false
    }
  }

const uuid = (version: string, variant: string) =>
  matching(
    new RegExp(
      `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`,
      'i',
    ),
  )

const HOST_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i

function isDomain(text: string): boolean {
  return (
    text.length > 0 && text.length <= 255 && text.split('.').every(part => HOST_LABEL.test(part))
  )
}

/** By the pattern that upstream has for it, with symbols and all: one word, or several of which the last is of letters. */
const HOSTNAME =
  /^(?:[a-z0-9\p{S}\p{L}](?:-?[a-z0-9\p{S}\p{L}]{0,62})?|(?:[a-z0-9\p{S}\p{L}](?:[-a-z0-9\p{S}\p{L}]{0,61}[a-z0-9\p{S}\p{L}])?\.)+[a-z\p{L}]{2,63})$/iu

function isHostname(text: string): boolean {
  const parts = text.split('.')
  return text.length <= 255 && parts.every(part => part.length <= 63) && HOSTNAME.test(text)
}

/** An address, or a name and one in angles. */
function isEmail(text: string): boolean {
  const [, inAngles] = /^[^<>@"]*<([^<>]*)>$/.exec(text) ?? []
  const address = inAngles ?? text
  const at = address.lastIndexOf('@')
  return (
    at > 0 && !/[\s<>()[\],;:\\"]/.test(address.slice(0, at)) && isDomain(address.slice(at + 1))
  )
}

/** With zeros before numbers, and as a part of IPv6: upstream reads addresses as they were read of old. */
function isIpv4(text: string): boolean {
  const mapped = text.replace(/^::ffff:/i, '')
  return addressFamily(mapped.replace(/(^|\.)0+(?=\d)/g, '$1')) === 'IPv4'
}

/** Of any address in it, not of the first alone. */
function isNetwork(text: string): boolean {
  const [, address = '', size = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const family = addressFamily(address)
  return family !== undefined && Number(size) <= (family === 'IPv4' ? 32 : 128)
}

function isUri(text: string): boolean {
  return /^\/[^\s]*$/.test(text) || (/^[a-z][-+.a-z0-9]*:[^\s]+$/i.test(text) && URL.canParse(text))
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && succeeding(canonicalTime)(`${text}T00:00:00Z`)
}

const isDateTime: Test = text => succeeding(canonicalTime)(text.toUpperCase())

/** Go's notation, or anything with a number and a word such as `2 days` in it. */
function isDuration(text: string): boolean {
  return (
    succeeding(parseDuration)(text) ||
    /(?:^|\D)\d{1,18}\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)(?![a-zµ])/i.test(
      text,
    )
  )
}

const digits = (text: string) => text.replace(/[\s-]/g, '')

function isIsbn10(text: string): boolean {
  const number = digits(text)
  if (!/^\d{9}[\dX]$/.test(number)) return false
  const sum = [...number].reduce(
    (total, digit, at) => total + (at + 1) * (digit === 'X' ? 10 : Number(digit)),
    0,
  )
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const number = digits(text)
  if (!/^\d{13}$/.test(number)) return false
  const sum = [...number].reduce(
    (total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3),
    0,
  )
  return sum % 10 === 0
}

/** Starts and lengths of the cards that there are, and their check digit. */
const CARD =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/

function isCreditCard(text: string): boolean {
  const number = text.replace(/\D/g, '')
  if (!CARD.test(number)) return false
  const sum = [...number].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

const COLOUR_PART = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])'

export const FORMATS: Readonly<Record<string, Test>> = {
  bsonobjectid: matching(/^[0-9a-f]{24}$/i),
  uri: isUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: text => addressFamily(text) === 'IPv6',
  cidr: isNetwork,
  mac: matching(
    /^(?:[0-9a-f]{2}([-:])(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2,9}[0-9a-f]{4}|[0-9a-f]{16})$/i,
  ),
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', '[0-9a-f]'),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
  isbn: text => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matching(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: matching(
    new RegExp(`^rgb\\(\\s*${COLOUR_PART}\\s*,\\s*${COLOUR_PART}\\s*,\\s*${COLOUR_PART}\\s*\\)$`),
  ),
  byte: matching(/^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=|[a-z0-9+/]{4})$/i),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: text => isDns1123Label(text).length === 0,
  k8slongname: text => isDns1123Subdomain(text).length === 0,
}

/** `date-time` and `datetime` are the same. */
export const formatNamed = (name: string): Test | undefined => {
  const plain = name.replaceAll('-', '')
  return Object.hasOwn(FORMATS, plain) ? FORMATS[plain] : undefined
}

/** Whether values of the type can have the format. */
export function isKnownFormat(format: string, type: string | undefined): boolean {
  if (!type || type === 'string') return formatNamed(format) !== undefined
  if (type === 'integer') return format === 'int32' || format === 'int64'
  return type === 'number' && (format === 'float' || format === 'double')
}
