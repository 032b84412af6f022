/** Expressions with the functions of all libraries, operators and conversions, one a line. */
export const OF_LIBRARIES: readonly string[] = String.raw`
isURL('https://a.b:80/c?d=e')
isURL('../x')
isURL('a b')
isURL('http://a b')
isURL('/a')
isURL('')
isURL('mailto:a@b')
isURL('https://[::1]:80/')
url('https://a.b:80/c?d=e&d=f#g').getScheme()
url('https://a.b:80/c').getHost()
url('https://[::1]:80/c').getHost()
url('https://[::1]:80/c').getHostname()
url('https://a.b:80/c').getPort()
url('https://a.b/c').getPort()
url('https://a.b/c d').getEscapedPath()
url('https://a.b/c%20d').getEscapedPath()
url('https://a.b').getEscapedPath()
url('https://a.b/').getEscapedPath()
url('/p/q').getHost()
url('/p/q').getEscapedPath()
url('https://a.b/c?d=e&d=f').getQuery()
url('https://a.b/c').getQuery()
url('https://a.b/c?x').getQuery()
url('https://A.B/c').getHost()
url('HTTPS://a.b/c').getScheme()
url('nope').getHost()
url('https://a.b/../c').getEscapedPath()
url('https://u:p@a.b/c').getHost()
url('https://a.b/c') == url('https://a.b/c')
isIP('1.2.3.4')
isIP('1.2.3')
isIP('::1')
isIP('01.2.3.4')
isIP('::ffff:1.2.3.4')
isIP('fe80::1%eth0')
string(ip('2001:DB8::1'))
ip('1.2.3.4') == ip('1.2.3.4')
ip('::1').family()
ip.isCanonical('2001:DB8::1')
ip.isCanonical('2001:db8::1')
ip('0.0.0.0').isUnspecified()
ip('127.0.0.1').isLoopback()
ip('127.1.2.3').isLoopback()
ip('224.0.0.1').isLinkLocalMulticast()
ip('ff02::1').isLinkLocalMulticast()
ip('169.254.1.1').isLinkLocalUnicast()
ip('fe80::1').isLinkLocalUnicast()
ip('1.2.3.4').isGlobalUnicast()
ip('255.255.255.255').isGlobalUnicast()
ip('10.0.0.1').isGlobalUnicast()
ip('0.0.0.0').isGlobalUnicast()
ip('239.0.0.1').isGlobalUnicast()
isCIDR('1.2.3.0/24')
isCIDR('1.2.3.4/24')
isCIDR('1.2.3.4')
isCIDR('::/0')
isCIDR('::ffff:1.2.3.0/120')
isCIDR('1.2.3.4/33')
cidr('1.2.3.0/24').containsIP('1.2.3.4')
cidr('1.2.3.0/24').containsIP(ip('1.2.4.4'))
cidr('1.2.3.0/24').containsIP('::1')
cidr('1.2.3.0/24').containsCIDR('1.2.3.128/25')
cidr('1.2.3.0/24').containsCIDR(cidr('1.2.0.0/16'))
string(cidr('1.2.3.4/24'))
string(cidr('1.2.3.4/24').masked())
string(cidr('1.2.3.4/24').ip())
cidr('1.2.3.4/24').prefixLength()
cidr('1.2.3.4/24') == cidr('1.2.3.0/24')
cidr('1.2.3.4/24').masked() == cidr('1.2.3.0/24')
isQuantity('1Gi')
isQuantity('1g')
isQuantity('')
isQuantity('-1.5k')
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('1').compareTo(quantity('2'))
quantity('1500m').asInteger()
quantity('2k').asInteger()
quantity('1500m').asApproximateFloat()
quantity('1500m').isInteger()
quantity('9999999999999999999G').isInteger()
quantity('1').add(quantity('2')).asInteger()
quantity('1').add(2).asInteger()
quantity('1').sub(2).asInteger()
quantity('1') == quantity('1000m')
quantity('1Ki') == quantity('1024')
isSemver('1.2.3')
isSemver('1.2')
isSemver('v1.2.3')
isSemver('v1.2', true)
isSemver('v01.2', true)
isSemver('1.2.3-a.b+c')
isSemver('1.2.3.4', true)
isSemver('1', true)
semver('1.2.3').major()
semver('1.2.3-alpha.1').isLessThan(semver('1.2.3'))
semver('1.2.3').compareTo(semver('1.2.4'))
semver('1.2.3+a') == semver('1.2.3+b')
semver('v1.2', true).patch()
format.dns1123Label().validate('A').orValue(['ok'])
format.dns1123Label().validate('a').hasValue()
format.dns1123Subdomain().validate('A_').value()
format.dns1035Label().validate('1a').value()
format.qualifiedName().validate('a/b/c').value()
format.qualifiedName().validate('').value()
format.dns1123LabelPrefix().validate('a-').hasValue()
format.dns1123LabelPrefix().validate('-a').value()
format.dns1123SubdomainPrefix().validate('a.').hasValue()
format.dns1035LabelPrefix().validate('a-').hasValue()
format.labelValue().validate('a b').value()
format.labelValue().validate('').hasValue()
format.uri().validate('a').value()
format.uri().validate('http://a').hasValue()
format.uuid().validate('a').value()
format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.byte().validate('!').value()
format.byte().validate('YQ==').hasValue()
format.byte().validate('').hasValue()
format.date().validate('2024-02-30').value()
format.date().validate('2024-02-03').hasValue()
format.datetime().validate('2024').value()
format.datetime().validate('2024-01-01T00:00:00Z').hasValue()
format.named('dns1123Label').hasValue()
format.named('nope').hasValue()
format.named('uri').value().validate('a').value()
sets.contains([1,2],[1])
sets.contains([1],[])
sets.equivalent([1,1],[1])
sets.intersects([1],[2])
sets.intersects([],[])
sets.contains([[1]],[[1]])
1 < 1.5
1u < 2
1 / 0
1 % 0
5 % -3
-5 / 2
0u - 1u
18446744073709551615u + 1u
1.5 + 2.5
0x1F
1e3
1e100
int('12')
int(1.9)
int(-1.9)
int(5u)
int(timestamp('2024-01-01T00:00:00Z'))
uint('5')
uint(1.5)
double('1.5')
double(3)
string(1)
string(1.0)
string(1.5)
string(1e21)
string(true)
string(b'abc')
string(timestamp('2024-01-01T00:00:00.5Z'))
string(duration('90m'))
string(1u)
bool('true')
bool('1')
bool('TRUE')
bytes('abc')
bytes('é').size()
type(1) == int
type(1u) == uint
type([]) == list
type({}) == map
type(null) == null_type
type('a') == string
type(b'') == bytes
type(1.0) == double
type(type(1)) == type
type(self.s) == string
dyn(1) == dyn('a')
dyn(1) + dyn('a')
dyn(1) < dyn('a')
duration('1h') + duration('1m')
duration('1h') - duration('1m')
duration('1h').getHours()
duration('1h').getMinutes()
duration('90s').getMinutes()
duration('1h').getSeconds()
duration('1500ms').getMilliseconds()
duration('1h') < duration('2h')
duration('1h') == duration('60m')
duration('-1h30m')
duration('1.5h')
duration('1us')
timestamp('2024-01-02T03:04:05.678Z').getFullYear()
timestamp('2024-01-02T03:04:05.678Z').getMonth()
timestamp('2024-01-02T03:04:05.678Z').getDate()
timestamp('2024-01-02T03:04:05.678Z').getDayOfMonth()
timestamp('2024-01-02T03:04:05.678Z').getDayOfWeek()
timestamp('2024-01-02T03:04:05.678Z').getDayOfYear()
timestamp('2024-01-02T03:04:05.678Z').getHours()
timestamp('2024-01-02T03:04:05.678Z').getHours('America/New_York')
timestamp('2024-01-02T03:04:05.678Z').getHours('+02:30')
timestamp('2024-01-02T03:04:05.678Z').getHours('-02:30')
timestamp('2024-01-02T03:04:05.678Z').getMinutes()
timestamp('2024-01-02T03:04:05.678Z').getMilliseconds()
timestamp('2024-01-02T03:04:05.678Z').getSeconds()
timestamp(5)
timestamp('2024-01-02T03:04:05Z') + duration('1h')
timestamp('2024-01-02T03:04:05Z') - duration('1h')
timestamp('2024-01-02T03:04:05Z') - timestamp('2024-01-02T03:04:00Z')
timestamp('2024-01-02T03:04:05Z') < timestamp('2025-01-02T03:04:05Z')
self.t
self.t.getFullYear()
self.du
self.du.getHours()
self.by
self.by.size()
self.ios
type(self.ios)
self.ios == 5
self.ios + 1
self.d + 1.0
self.i + 1
self.o.x
has(self.o.x)
has(self.absent)
has(self.m.k)
has(self.m.z)
self.m.k
self.m
'a' + 'b'
b'a' + b'b'
"a" in {'a': 1}
!true
-1
true ? 1 : 2
(1/0 == 0) || true
(1/0 == 0) && false
r'\d'
'\x41\u0042\101'
'''a'''
null
null == null
[1,2,3].map(x, x * 2)
[1,2,3].map(x, x > 1, x * 2)
[1,2,3].filter(x, x > 1)
[1,2,3].exists_one(x, x > 2)
[1,2,3].all(x, x / 0 > 0)
[1,2,3].exists(x, x == 1 || x / 0 > 0)
size('abc')
size(b'abc')
size({'a': 1})
{'a': 1}.a
{'a': 1}['b']
{'a': 1, 'a': 2}
{1: 'x'}[1]
'abc'.size()
format.dns1123Label().validate(self.s) == null
null == format.dns1123Label().validate(self.s)
format.dns1123Label() != null
format.dns1123Label() == format.named('dns1123Label').value()
optional.of(self.s) == null
optional.none() == null
[optional.of(self.s)].exists(x, x == null)
optional.of(1) in [null]
null in [optional.of('a')]
(true ? optional.of(1) : null) == null
(true ? duration('1s') : null) == null
[duration('1s')] == [null]
optional.of(duration('1s')) == optional.of(null)
url('https://a') != null
ip('1.1.1.1') == null
quantity('1') != null
semver('1.0.0') != null
`
  .trim()
  .split('\n')
