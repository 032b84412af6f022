/** Expressions about times, spans and maps in all their fineness, and constants in all their forms, one a line. */
export const FINE_VALUES: readonly string[] = String.raw`
{1: 'x'}
{1: 'x', 2: 'y'}.map(k, k + 1).sum()
{1: 'x', 2: 'y'}.all(k, k > 0)
{1: 'x', 2: 'y'}.exists(k, k == 2)
{1: 'x'}.map(k, type(k))
{1u: 'x'}.map(k, type(k))
{true: 'x'}.map(k, type(k))
{true: 'x'}[true]
{true: 'x'}[false]
{1: 'x'}[2]
{1: 'x'}[1]
{1u: 'x'}[1u]
{1u: 'x'}[2u]
1 in {1: 'x'}
2 in {1: 'x'}
1u in {1u: 'x'}
true in {true: 1}
{1: 'x'} == {1: 'x'}
{1: 'x'} == {2: 'x'}
{1: 'x'} == {1: 'y'}
dyn({1: 'x'}) == dyn({'1': 'x'})
dyn({1: 'x'}) == dyn({1u: 'x'})
dyn({1: 'x'})[1u]
dyn({1: 'x'})[1.0]
dyn({1: 'x'})[1.5]
dyn({1: 'x'})['1']
dyn({'1': 'x'})[1]
dyn({true: 'x'})['true']
dyn(1.0) in dyn({1: 'x'})
dyn(1u) in dyn({1: 'x'})
dyn('1') in dyn({1: 'x'})
{1.5: 'x'}
{dyn(1.5): 'x'}
{[1]: 'x'}
{1: 'x', 'a': 'y'}
{1: 'x', 'a': 'y'}.map(k, type(k)).size()
{1: 'x', 1: 'y'}
{true: 1, false: 2}
{2: 'b', 1: 'a', 10: 'c'}
{1u: 'x'}
{1: {2: {3: 'x'}}}[1][2][3]
{1: {2: 'x'}}
{1: 'x'}.size()
size({1: 'x', 2: 'y'})
{1: 'x'}.transformMapEntry(k, v, {v: k})
{'a': 1, 'b': 2}.transformMapEntry(k, v, {v: k})
['a', 'b'].transformMap(i, v, v)
['a', 'b'].transformMapEntry(i, v, {i: v})
['a', 'a'].transformMapEntry(i, v, {v: i})
{1: 'x', 2: 'y'}.transformList(k, v, k).sort()
{1: 'x', 2: 'y'}.filter(k, k > 1)
{1: 'x', 2: 'y'}.all(k, v, k > 0 && v != '')
{1: 'x'}[?1].orValue('n')
{1: 'x'}[?2].orValue('n')
{1u: 'x'}[?1u].orValue('n')
sets.contains([{1: 'x'}], [{1: 'x'}])
[{1: 'x'}].indexOf({1: 'x'})
[{1: 'x'}, {1: 'x'}].distinct()
has({1: 'x'}.a)
has({'a': 'x'}.a)
{self.i: 'x'}
{self.i: 'x'}[3]
{self.s: 'x'}
{self.b: 'x'}[true]
optional.ofNonZeroValue({}).hasValue()
optional.ofNonZeroValue({1: 2}).hasValue()
type({1: 2})
[{1: 'x'}] == [{1: 'x'}]
{1: 'x'} in [{1: 'x'}]
{'a': 1} in [{'a': 1}]
[1u] == [1u]
dyn([1u]) == dyn([1])
dyn([1.0]) == dyn([1])
dyn({'a': 1}) == dyn({'a': 1u})
dyn({'a': 1}) == dyn({'a': 1.0})
dyn(1) in dyn([1u])
dyn(1u) == dyn(1)
dyn(1u) == dyn(1.0)
dyn(1) == dyn(1.0)
dyn(duration('1s')) == dyn(1)
dyn(timestamp('2024-01-01T00:00:00Z')) == dyn('2024-01-01T00:00:00Z')
dyn([1]) == dyn({'a': 1})
dyn(b'a') == dyn('a')
timestamp('2024-01-02T03:04:05.123456789Z')
timestamp('2024-01-02T03:04:05.000000001Z')
timestamp('2024-01-02T03:04:05.1234Z')
timestamp('2024-01-02T03:04:05.123456789012Z')
timestamp('2024-01-02T03:04:05.123456789Z') == timestamp('2024-01-02T03:04:05.123456788Z')
timestamp('2024-01-02T03:04:05.123456789Z') != timestamp('2024-01-02T03:04:05.123456788Z')
timestamp('2024-01-02T03:04:05.123456789Z') > timestamp('2024-01-02T03:04:05.123456788Z')
timestamp('2024-01-02T03:04:05.123456789Z') <= timestamp('2024-01-02T03:04:05.123456788Z')
timestamp('2024-01-02T03:04:05.123456789Z') - timestamp('2024-01-02T03:04:05.123456788Z')
timestamp('2024-01-02T03:04:05.123456789Z') + duration('1ns')
timestamp('2024-01-02T03:04:05.123456789Z') - duration('1us')
timestamp('2024-01-02T03:04:05Z') - duration('1ns')
duration('1ns') + timestamp('2024-01-02T03:04:05.999999999Z')
string(timestamp('2024-01-02T03:04:05.123456789Z'))
string(timestamp('2024-01-02T03:04:05.120Z'))
timestamp('2024-01-02T03:04:05.123456789Z').getMilliseconds()
timestamp('2024-01-02T03:04:05.999999999Z').getMilliseconds()
timestamp('2024-01-02T03:04:05.999999999Z').getSeconds()
timestamp('1960-01-02T03:04:05.999999999Z').getMilliseconds()
timestamp('1960-01-02T03:04:05.999999999Z')
int(timestamp('1960-01-02T03:04:05.999999999Z'))
int(timestamp('2024-01-02T03:04:05.999999999Z'))
[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].sort()
[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].min()
[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].max()
[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].isSorted()
[timestamp('2024-01-02T03:04:05.000000002Z'), timestamp('2024-01-02T03:04:05.000000001Z')].distinct()
[timestamp('2024-01-02T03:04:05.000000002Z')] == [timestamp('2024-01-02T03:04:05.000000001Z')]
timestamp('2024-01-02T03:04:05.000000002Z') in [timestamp('2024-01-02T03:04:05.000000001Z')]
timestamp('2024-01-02T03:04:05+01:00')
timestamp('2024-01-02T03:04:05.5-07:30')
timestamp('2024-01-02T03:04:05,5Z')
timestamp('0001-01-01T00:00:00Z')
timestamp('9999-12-31T23:59:59.999999999Z')
timestamp('9999-12-31T23:59:59Z') + duration('1s')
timestamp('0001-01-01T00:00:00Z') - duration('1s')
timestamp('2024-01-02T03:04:05+23:59')
timestamp('2024-01-02T03:04:05+24:00')
timestamp(self.s)
timestamp('2024-01-02T03:04:05Z' + '')
timestamp('2024-01-02T03:04:05' + '')
timestamp('2024-01-02' + '')
timestamp('2024-01-02t03:04:05z' + '')
timestamp('2024-02-30T00:00:00Z' + '')
timestamp('2024-01-02T03:04:05.123456789Z' + '')
timestamp('0000-01-01T00:00:00Z' + '')
timestamp(0)
timestamp(-1)
timestamp(self.i)
timestamp(timestamp(5))
self.t9
self.t9.getMilliseconds()
self.t9 == timestamp('2024-01-02T03:04:05.123456789Z')
self.t9 > self.t
self.t9 - self.t
self.dt
self.dt == timestamp('2024-01-02T00:00:00Z')
duration('1ns') < duration('2ns')
duration('1h') + duration('1ns') > duration('1h')
duration('2562047h') + duration('1ns') > duration('2562047h')
[duration('2ns'), duration('1ns')].sort()
[duration('2ns'), duration('1ns')].min()
[duration('2562047h0m0.000000002s'), duration('2562047h0m0.000000001s')].max()
duration('1h') - duration('1ns')
duration('-1ns') + duration('-1ns')
duration('1ns') - duration('3ns')
duration('-1.5s') + duration('0.7s')
duration('2562047h') + duration('2562047h')
duration(self.i)
duration(duration('1s'))
string(1.0)
string(1e21)
string(1e20)
string(1e6)
string(123456.0)
string(1234567.0)
string(123456789.125)
string(0.0001)
string(0.00001)
string(-0.0)
string(1.0/0.0)
string(-1.0/0.0)
string(0.0/0.0)
string(1e100)
string(5e-324)
string(100000.0)
string(1000000.0)
string(self.d)
string(double(self.i))
string(dyn(1e10))
string(dyn(1))
string(dyn(true))
string(b'\xc3\xa9')
string(self.by)
string(self.t)
string(self.t9)
string(self.du)
string(ip('1.2.3.4'))
.5
.5 + .5
1.5e3
.5e3
.5e-1
1e+3
1E3
-.5
[.5, .25]
{'a': .5}
5.0
05
0x1f
0x1Fu
0xFFFFFFFFFFFFFFFFu
-0x1
9223372036854775807
-9223372036854775808
18446744073709551615u
1U
1e-400
'\u00e9'
'\U0001F4A9'
'\x41'
'\101'
'\377'
r'\q'
R'\q'
b'\xff'
b'\377'
b'é'
br'\x41'
bR'\x41'
b'''a'b'''
r"""a"b"""
'a"b'
"a'b"
''
b''
.self.s
.int
self .s
self. s
(1)
((1))
--1
!!true
- - 1
1 +-1
[1,]
[1,2,]
{'a': 1,}
[]
{}
size([1,])
type(self)
`
  .trim()
  .split('\n')
