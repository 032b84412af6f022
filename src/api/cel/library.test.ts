import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { compileExpression, loadCelEngine } from './engine.ts'

before(loadCelEngine)

const object = {
  list: ['b', 'a', 'b'],
  numbers: [3n, 1n, 2n],
  map: { x: 1n, y: 2n },
  ip: '10.0.0.7',
  nested: [[1n], [2n, [3n]]],
  people: [
    { name: 'zoe', age: 3n },
    { name: 'ann', age: 1n },
  ],
}
const evaluate = (text: string) =>
  compileExpression(text, 'dyn', 'admission').evaluate({ object }, { cost: 10_000_000 })

/** All of these hold. */
const truths = `
matches('abc', '^a') && !matches('abc', '^b')
sets.contains([1, 2, 3], [3, 1]) && !sets.contains([1], [2]) && sets.contains([], [])
sets.equivalent([1, 1, 2], [2, 1]) && !sets.equivalent([1], [1, 2])
sets.intersects(object.list, ['a']) && !sets.intersects([1], [2])
sets.contains([{'a': 1, 'b': 2}], [{'b': 2, 'a': 1}])
object.list.distinct() == ['b', 'a']
[1, 2].reverse() == [2, 1] && [1, 2, 3].slice(1, 2) == [2]
object.nested.flatten() == [1, 2, [3]] && object.nested.flatten(2) == [1, 2, 3]
[?object.?ip, ?object.?none, 'x'] == ['10.0.0.7', 'x'] && {?'a': object.?none, 'b': 1} == {'b': 1}
[?optional.of(1).or(optional.of(2)), 3] == [1, 3] && object.map[?'z'].orValue(9) == 9 && [1, 2][?1].hasValue()
optional.unwrap([optional.of(1), optional.none()]) == [1] && [optional.of(2), optional.none()].unwrapOpt() == [2]
!optional.ofNonZeroValue('').hasValue() && !optional.ofNonZeroValue([]).hasValue() && optional.ofNonZeroValue(1).hasValue()
optional.of(1) == optional.of(1) && optional.none() != optional.of(1)
[{'a': 1}].indexOf({'a': 1}) == 0 && [[1], [2]].lastIndexOf([2]) == 1 && [1, 1.0, 1u].distinct() == [1]
[duration('1s'), duration('2s')].sum() == duration('3s') && !sets.intersects([duration('1s')], [duration('2s')])
'a💩b'.size() == 3 && 'a💩b'.charAt(1) == '💩' && 'a💩b'.indexOf('b') == 2 && 'a💩b'.substring(1, 2) == '\\U0001F4A9'
'abcé'.upperAscii() == 'ABCé' && 'ABCÉ'.lowerAscii() == 'abcÉ' && ''.split(',') == [''] && 'a💩'.split('') == ['a', '💩']
'abc'.replace('', '-') == '-a-b-c-' && 'abc'.replace('', '-', 2) == '-a-bc' && 'aaa'.replace('a', '$&', 1) == '$&aa'
'abc'.indexOf('a', 9) == -1 && 'abcabc'.lastIndexOf('a', 2) == 0 && 'abc'.indexOf('', 2) == 2
strings.quote('a"\\n\\u0001é') == '"a\\\\"\\\\n\\u0001é"'
1e100 > 1e99 && 0.1234567890123 != 0.123456789 && int(5u) == 5
string(timestamp('2024-01-02T03:04:05.5Z')) == '2024-01-02T03:04:05.5Z' && int(timestamp('1970-01-01T00:01:00Z')) == 60
string(duration('-1500ms')) == '-1.5s' && string(duration('90m')) == '5400s'
'%s %s'.format([{'b': 1.5, 'a': [b'x', null]}, type(1)]) == '{"a":[b"x", null], "b":1.500000} int'
'%s %s %s'.format([1e10, 1.0 / 0.0, timestamp('2024-01-01T00:00:00Z')]) == '1e+10 +Inf 2024-01-01T00:00:00Z'
'%.0f %.1f %.2f %f'.format([2.5, 0.25, 1234567.891, 1.0 / 0.0]) == '2 0.2 1,234,567.89 ∞' && '%d %x'.format([1u, 255u]) == '1 ff'
url('https://A.b/../c?x#y').getHost() == 'A.b' && url('https://a.b/../c?x#y').getEscapedPath() == '/../c' && url('https://a.b?x').getQuery() == {'x': ['']}
url('//a.b/c d').getEscapedPath() == '/c%20d' && url('https://a.b') == url('https://a.b') && isURL('http://a.b:99999') && !isURL('http://a.b/%zz')
cidr('1.2.3.4/24').masked() == cidr('1.2.3.0/24') && string(cidr('1.2.3.4/24')) == '1.2.3.4/24' && cidr('1.2.3.0/24').containsCIDR('1.2.3.7/24')
string(cidr('2001:db8:1:2::1/64').masked()) == '2001:db8:1:2::/64' && cidr('::/0').containsIP('::1')
object.numbers.sort() == [1, 2, 3] && ['b', 'a'].sort() == ['a', 'b']
object.people.sortBy(p, p.age).map(p, p.name) == ['ann', 'zoe']
lists.range(3) == [0, 1, 2] && lists.range(0) == []
object.numbers.isSorted() == false && object.numbers.sum() == 6 && object.numbers.max() == 3
object.list.all(i, v, i < 3 && v in ['a', 'b'])
object.list.exists(i, v, i == 1 && v == 'a') && !object.list.exists(i, v, i == 0 && v == 'a')
object.list.existsOne(i, v, v == 'a') && !object.list.existsOne(i, v, v == 'b')
object.map.all(k, v, k in ['x', 'y'] && v < 3)
object.list.transformList(i, v, string(i) + v) == ['0b', '1a', '2b']
object.list.transformList(i, v, i > 0, v) == ['a', 'b']
object.map.transformMap(k, v, v + 1) == {'x': 2, 'y': 3}
object.map.transformMap(k, v, k == 'x', v + 1) == {'x': 2}
object.map.transformMapEntry(k, v, {k + k: v}) == {'xx': 1, 'yy': 2}
object.map.all(k, v, object.list.all(i, w, i < 3 && k != w && v > 0))
[[1, 2], [3]].all(i, l, l.all(j, n, n > j))
ip('127.0.0.1').family() == 4 && ip('::1').family() == 6
ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified() && !ip('::1').isUnspecified()
ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && !ip('192.168.0.1').isLoopback()
ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()
ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast() && !ip('fd80::1').isLinkLocalUnicast()
ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast() && ip('2001:db8::abcd').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()
ip.isCanonical('127.0.0.1') && !ip.isCanonical('2001:DB8::ABCD')
isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('::ffff:1.2.3.4')
ip('2001:DB8::1') == ip('2001:db8::1') && string(ip('2001:DB8::1')) == '2001:db8::1'
isCIDR('192.168.0.0/16') && !isCIDR('192.168.0.0/33')
cidr('10.0.0.0/24').containsIP(object.ip) && !cidr('10.0.1.0/24').containsIP(ip(object.ip))
cidr('192.168.0.0/16').containsCIDR('192.168.10.0/24') && !cidr('192.168.1.0/24').containsCIDR(cidr('192.168.2.0/24'))
cidr('::1/128').ip().family() == 6 && cidr('10.0.0.0/8').prefixLength() == 8
cidr('10.0.0.0/8') == cidr('10.0.0.0/8').masked() && string(cidr('10.0.0.0/8')) == '10.0.0.0/8'
isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/absolute-path') && !isURL('../relative-path')
url('https://example.com:80/').getHost() == 'example.com:80' && url('https://[::1]/').getHost() == '[::1]'
url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:443/').getPort() == '443'
url('/path').getScheme() == '' && url('/path').getHost() == '' && url('https://example.com/').getScheme() == 'https'
url('https://example.com/with space').getEscapedPath() == '/with%20space'
url('https://example.com/?k=a&k=b&c=d').getQuery() == {'k': ['a', 'b'], 'c': ['d']}
!format.dns1123Label().validate('my-label').hasValue()
format.dns1123Label().validate('My').hasValue() && format.dns1123Label().validate('My').value().size() == 1
!format.dns1123LabelPrefix().validate('my-').hasValue() && format.dns1035Label().validate('1a').hasValue()
!format.qualifiedName().validate('apiextensions.k8s.io/v1beta1').hasValue() && format.labelValue().validate('a b').hasValue()
!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue() && format.uuid().validate('x').value() == ['does not match the UUID format']
!format.byte().validate('aGVsbG8=').hasValue() && format.byte().validate('a').hasValue()
!format.date().validate('2021-01-01').hasValue() && format.date().validate('2021-02-30').hasValue()
!format.datetime().validate('2021-01-01T00:00:00Z').hasValue() && format.uri().validate('x').hasValue()
format.named('dns1123Label').hasValue() && !format.named('unknown').hasValue()
semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3
semver('1.2.3').compareTo(semver('2.0.0')) == -1 && semver('1.2.3').isGreaterThan(semver('0.1.2'))
semver('1.0.0-alpha').isLessThan(semver('1.0.0')) && semver('1.0.0-alpha.2').isLessThan(semver('1.0.0-alpha.10')) && semver('1.0.0-1').isLessThan(semver('1.0.0-a'))
isSemver('1.0.0') && !isSemver('v1.0') && isSemver('v1.0', true) && semver('01.01.01', true) == semver('1.1.1')
'%s has %d of %s'.format(['x', 3, [1, 'a']]) == 'x has 3 of [1, "a"]'
'%.2f %e %x %X %o %b %b%%'.format([1.5, 1500.0, 255, 255, 8, 5, true]) == '1.50 1.500000×10⁰³ ff FF 10 101 1%'
'%x'.format(['hi']) == '6869' && strings.quote('a"b') == '"a\\\\"b"'
'a,b'.split(',').join('-') == 'a-b' && 'abc'.replace('b', 'x') == 'axc' && 'abc'.charAt(1) == 'b'
quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1').add(quantity('500m')).asApproximateFloat() == 1.5
optional.of(1) != null && null != optional.none() && !([optional.of('a')].exists(x, x == null) || object.?none == null)
format.dns1123Label().validate('A') != null && format.named('dns1123Label') != null && ![format.dns1123Label()].exists(f, f == null)
url('https://a') != null && ip('::1') != null && cidr('::/0') != null && quantity('1') != null && semver('1.0.0') != null
!(optional.of(1) in [null]) && !(null in [optional.of('a')]) && [duration('1s')] != [null] && optional.of(ip('::1')) != optional.of(null)
(true ? optional.of(1) : null) != null && (false ? duration('1s') : null) == null && !(timestamp('2020-01-01T00:00:00Z') == null)
format.dns1123Label() == format.named('dns1123Label').value() && format.dns1123Label() != format.dns1123Subdomain()
quantity('2').isInteger() && !quantity('1500m').isInteger() && quantity('3k').sub(1).asInteger() == 2999
`
for (const text of truths.trim().split('\n'))
  test(text, () => {
    assert.equal(evaluate(text.replaceAll('\\\\\\\\', '\\')), true)
  })

const failures: [string, RegExp][] = [
  ["quantity('1500m').asInteger()", /cannot convert value to integer/],
  ["ip('1.2.3')", /IP Address "1.2.3" parse error/],
  ["cidr('10.0.0.1/33')", /network address parse error/],
  ["url('../x')", /URL parse error/],
  ["semver('1')", /invalid semantic version "1"/],
  ["'%d'.format(['x'])", /decimal clause/],
  ["'%s %s'.format(['x'])", /index 1 out of range/],
  ["'%q'.format(['x'])", /unrecognized formatting clause/],
  ['[1].slice(0, 2)', /cannot slice/],
  ['lists.range(1000000)', /too many elements/],
  ["{'a': 1, 'b': 2}.transformMapEntry(k, v, {'x': v})", /key x already exists/],
  [
    'lists.range(2000).all(i, v, lists.range(2000).all(j, w, w >= 0))',
    /actual cost limit exceeded/,
  ],
]
for (const [text, message] of failures)
  test(`an error: ${text}`, () => {
    assert.throws(() => evaluate(text), message)
  })
