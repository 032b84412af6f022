/** Operators, fields, indexes and constants on all kinds of operands, most of them wrong ones. */

export const OPERATORS: readonly string[] = String.raw`
[1, 'a'] == []
[1, 2.0] == []
[1, 2u] == []
[1, 'a', 2.0] == []
[[1], ['a']] == []
[[1], []] == []
[[], [1]] == []
[1, null] == []
[null, 1] == []
['a', null] == []
[self.a, 1] == []
[self.a, self.n] == []
[self.ios, 1] == []
[1, self.ios] == []
[dyn(1), 'a'] == []
['a', dyn(1), 2] == []
[self.o, self.o] == []
[self.o, self.openl] == []
[self.o, {}] == []
[{}, {'a': 1}] == []
[{'a': 1}, {'a': 'b'}] == []
[{'a': 1}, {1: 'b'}] == []
{'a': 1, 'b': 'c'} == {}
{'a': 1, 2: 3} == {}
{'a': 1, 'a': 2} == {}
{1: 1, 1u: 2} == {}
{1: 1, 1.0: 2} == {}
{true: 1, false: 2} == {}
{null: 1} == {}
{1.5: 1} == {}
{[1]: 1} == {}
{{}: 1} == {}
{self.a: 1} == {}
{self.n: 1} == {}
{self.o: 1} == {}
{self.a: 1, self.n: 2} == {}
{'a': 1, 'b': null} == {}
{'a': [1], 'b': ['c']} == {}
[1, 'a'][0] == 1
1 in [1, 'a']
self.a in [1, 'a']
self.a in ['a', 1]
[optional.of(1), optional.of('a')] == []
[?optional.of(1), 2] == []
[?optional.of('a'), 2] == []
[?1, 2] == []
[?'a'] == ['a']
{?'a': optional.of(1), 'b': 2} == {}
{?'a': 1} == {}
{?'a': optional.of('x'), 'b': 2} == {}
[int, string] == []
[type(1), type('a')] == []
[1, 'a'].all(x, true)
["a", 1].exists(x, x == 1)
'a' + 1 == ''
1 + 'a' == ''
1 + 1.0 == 2
1 + 1u == 2
1u + 1 == 2
1.0 + 1u == 2
1 - 'a' == 1
1 * 1.0 == 1
1 / 1.0 == 1
1.0 % 1.0 == 1
'a' * 2 == ''
'a' - 'b' == ''
[1] + ['a'] == []
[1] + 1 == []
[1] - [1] == []
{} + {} == {}
true + true == 2
b'a' + 'a' == ''
b'a' + b'b' == b'ab'
duration('1s') + 1 == duration('1s')
duration('1s') * 2 == duration('2s')
timestamp('2020-01-01T00:00:00Z') + timestamp('2020-01-01T00:00:00Z') == 1
timestamp('2020-01-01T00:00:00Z') - 1 == 1
-'a' == 1
-true
-1u == 1u
!1
!'a'
!null
1 && true
true && 1
'a' || false
true || null
1 && 'a'
(1 && true) || ('a' && 2)
1 ? true : false
'a' ? 1 : 2
true ? 1 : 'a'
true ? 1 : 2.0
(true ? 1 : null) == 1
true ? [1] : ['a']
true ? [] : ['a']
(true ? {} : {'a': 1}) == {}
1 == 'a'
1 == 1.0
1 == 1u
1.0 == 1u
1 == null
null == 1
'a' == null
'a' == b'a'
true == 1
[1] == [1.0]
[1] == ['a']
[1] == 1
{} == []
{'a': 1} == {'a': 'b'}
{'a': 1} == {1: 1}
1 < 'a'
1 < 1.0
1 < 1u
1.0 < 1u
true < false
'a' < b'a'
[1] < [2]
{} < {}
int < string
type(1) < type(2)
duration('1s') < timestamp('2020-01-01T00:00:00Z')
duration('1s') < 1
1 in 1
1 in 'a'
1 in {1: 2}
1 in {'a': 2}
'a' in ['a']
1 in ['a']
1.0 in [1]
1 in self.o
'a' in self.o
'a' in self.m
1 in self.m
null in [null]
[1] in [[1]]
'x' in null
foo
foo.bar
foo.bar.baz
foo()
foo(1, 'a')
foo(bar, baz)
self.foo()
self.foo(bar)
self.a.foo()
self.a.foo(1)
self.zz.foo()
self.zz.yy
self.zz.yy.xx == 1
self.zz == self.yy
self.zz && self.yy
self.a.b == 1
self.n.x == 1
self.l.x == 1
self.b.x
self.d.x == 1
self.m.x.y == 1
'a'.b == 1
1.0.b == 1
null.b == 1
[1].b == 1
{}.b == 1
{'a':1}.b == 1
{'a':1}.a.b == 1
{'a':{'b':1}}.a.b == 1
self['a'] == 1
self.o['x'] == ''
self.l[0.0] == ''
self.l[0u] == ''
self.l['a'] == ''
self.l[true] == ''
self.l[null] == ''
self.l[self.a] == ''
self.m[0] == ''
self.m[null] == ''
self.m[self.n] == ''
'abc'[0] == ''
1[0] == 1
size() == 1
size(1) == 1
size(1, 2) == 1
size(null) == 1
size(true) == 1
1.size() == 1
'a'.size(1) == 1
'a'.startsWith(1)
'a'.startsWith('a', 'b')
'a'.startsWith(null)
startsWith('a', 'b')
1.startsWith('a')
'a'.matches(1)
'a'.matches('(')
'a'.matches('[')
'a'.matches('a{1001}')
'a'.matches('\\p{Foo}')
'a'.matches('(?<x>a)')
'a'.matches('(?i)a')
'a'.matches('a++')
'a'.matches('*')
matches('a', '(')
matches('a', 1)
matches('a')
'a'.matches(self.a)
'a'.find('(') == ''
'a'.findAll('(') == []
'a'.contains(1)
'a'.endsWith(1)
'a'.replace('a') == ''
'a'.replace('a', 'b', 'c') == ''
'a'.replace('a', 'b', 1, 2) == ''
'a'.split() == []
'a'.split(1) == []
'a'.join() == ''
['a'].join(1) == ''
[1].join() == ''
'a'.charAt('a') == ''
'a'.indexOf(1) == 1
'a'.substring('a') == ''
'a'.lowerAscii(1) == ''
'a'.upperAscii() == 'A'
'a'.reverse() == 'a'
'a'.quote() == ''
strings.quote('a') == ''
strings.quote(1) == ''
strings.foo('a') == ''
int() == 1
int('a') == 1
int(true) == 1
int(null) == 1
int([]) == 1
int(1, 2) == 1
int(1e30) == 1
uint('a') == 1u
uint(true) == 1u
uint(-1) == 1u
double('a') == 1.0
double(true) == 1.0
string(null) == ''
string([]) == ''
string({}) == ''
string(int) == ''
string(1, 2) == ''
bool('a')
bool(1)
bool(null)
bytes('a') == b'a'
bytes(1) == b'a'
bytes(b'a') == b'a'
type() == int
type(1, 2) == int
type(1) == 'int'
type(1) == int
type(int) == type
int == int
dyn() == 1
dyn(1, 2) == 1
duration('a') == duration('1s')
duration('') == duration('1s')
duration(1) == duration('1s')
duration('1') == duration('1s')
duration('1d') == duration('1s')
duration('999999999h') == duration('1s')
duration('-1s') == duration('1s')
duration('1s1m') == duration('1s')
duration('1.5h') == duration('1s')
duration('+1s') == duration('1s')
duration('1 s') == duration('1s')
duration(self.a) == duration('1s')
duration() == duration('1s')
duration('1s', 1) == duration('1s')
duration(b'1s') == duration('1s')
timestamp('a') == timestamp('b')
timestamp('2020-01-01') == timestamp('2020-01-01T00:00:00Z')
timestamp('2020-13-01T00:00:00Z') == timestamp('2020-01-01T00:00:00Z')
timestamp('2020-01-01T00:00:00') == timestamp('2020-01-01T00:00:00Z')
timestamp('2020-01-01T00:00:00+25:00') == timestamp('2020-01-01T00:00:00Z')
timestamp('0000-01-01T00:00:00Z') == timestamp('2020-01-01T00:00:00Z')
timestamp('10000-01-01T00:00:00Z') == timestamp('2020-01-01T00:00:00Z')
timestamp(1) == timestamp('2020-01-01T00:00:00Z')
timestamp(9999999999999) == timestamp('2020-01-01T00:00:00Z')
timestamp(1.0) == timestamp('2020-01-01T00:00:00Z')
timestamp(self.a) == timestamp('2020-01-01T00:00:00Z')
timestamp(duration('1s')) == timestamp('2020-01-01T00:00:00Z')
timestamp('2020-01-01T00:00:00Z').getFullYear('Foo/Bar') == 1
timestamp('2020-01-01T00:00:00Z').getFullYear(1) == 1
timestamp('2020-01-01T00:00:00Z').getFoo() == 1
timestamp('2020-01-01T00:00:00Z').seconds == 1
duration('1s').getFullYear() == 1
duration('1s').getHours('UTC') == 1
duration('1s').seconds == 1
self.t.getHours() == 'a'
self.t - self.du == 1
self.t - self.t == self.t
self.du + self.t == self.t
self.du - self.t == self.t
self.du / 2 == self.du
self.t + 'a' == self.t
self.t == self.du
self.t == 'a'
self.t > 'a'
self.t == timestamp('a')
'%d'.format(['a']) == ''
'%d'.format([1.0]) == ''
'%s'.format([]) == ''
'%s'.format([1, 2]) == ''
'%'.format([]) == ''
'%z'.format([1]) == ''
'%s%s'.format([1]) == ''
'%f'.format([1]) == ''
'%f'.format(['a']) == ''
'%.f'.format([1.0]) == ''
'%.3f'.format([1.0]) == ''
'%.3d'.format([1]) == ''
'%3d'.format([1]) == ''
'%e'.format([1]) == ''
'%b'.format(['a']) == ''
'%b'.format([true]) == ''
'%o'.format(['a']) == ''
'%x'.format([1.0]) == ''
'%X'.format(['a']) == ''
'%c'.format([1]) == ''
'%i'.format([1]) == ''
'%q'.format(['a']) == ''
'%v'.format(['a']) == ''
'%%'.format([]) == ''
'%%%'.format([]) == ''
'%s %d'.format(['a', 'b']) == ''
'%d'.format([self.a]) == ''
'%d'.format([self.n]) == ''
'%d'.format([self.zz]) == ''
'%s'.format([self.o]) == ''
'%s'.format([self]) == ''
'%d'.format([null]) == ''
'%s'.format([null]) == ''
'%s'.format([int]) == ''
'%s'.format([duration('1s')]) == ''
'%s'.format('a') == ''
'%s'.format(1) == ''
'%s'.format() == ''
'%s'.format([1], 2) == ''
'%s'.format(self.l) == ''
self.a.format(['a']) == ''
1.format([1]) == ''
'%d'.format([1, 'a']) == ''
'%s'.format([1, 'a']) == ''
'%s'.format([[1, 'a']]) == ''
'%s'.format([{'a': 1, 'b': 'c'}]) == ''
'%s'.format({1: 2}) == ''
self.l.all(x, x)
self.l.all(x, 1)
`
  .trim()
  .split('\n')
