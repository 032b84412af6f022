/** Calls, loops, names and messages with all kinds of arguments, most of them wrong ones. */

export const CALLS: readonly string[] = `
self.l.all(x, null)
self.l.exists(x, 'a')
self.l.exists_one(x, 1)
self.l.existsOne(x, 1)
self.l.filter(x, 1) == []
self.l.filter(x, x) == []
self.l.map(x, x, x) == []
self.l.map(x, 1, x) == []
self.l.map(x, true, x) == [1]
self.l.map(x, x) == [1]
self.l.map(x, y) == []
self.l.map(x, x.y) == []
self.l.map(x, x[0]) == []
self.l.map(x, x + 1) == []
self.n.all(x, true)
self.a.all(x, true)
self.b.exists(x, true)
self.o.all(x, true)
self.o.all(x, x == 1)
self.m.all(x, x == 1)
self.m.all(x, self.m[x] == 1)
self.m.all(k, v, v == 1)
self.m.all(k, v, k == 1)
self.l.all(i, v, i == 'a')
self.l.all(i, v, v == 1)
self.l.exists(i, v, v)
self.l.existsOne(i, v, v)
self.l.transformList(i, v, 1) == ['a']
self.l.transformList(i, v, v, 1) == ['a']
self.l.transformMap(i, v, 1) == {}
self.l.transformMap(i, v, 1) == {'a': 1}
self.l.transformMapEntry(i, v, 1) == {}
self.m.transformMap(k, v, 1) == {'a': 'b'}
self.l.all(x, self.l.all(x, x == 1))
self.l.all(x, zz)
self.l.all(x, zz == yy)
self.l.all(x, x.foo())
self.l.all(self, self == 1)
self.l.all(x, true).all(y, true)
null.all(x, true)
'abc'.all(x, true)
1.all(x, true)
has(self.zz.yy)
has(self.a.b)
has(self.n.b)
has(self.o.zz)
has(self.m.zz)
has(self.m.zz.yy)
has(self.lo[0].zz)
has(foo.bar)
has({}.a)
has({'a': 1}.b)
has('a'.b)
has(1.b)
has([1].b)
has(self.l.x)
has(self.ios.x)
has(self.t.x)
has(self.o.x.y)
has(self.lo.x)
self.?zz.hasValue()
self.o.?zz.hasValue()
self.?a.hasValue()
self.?a.?b.hasValue()
self.?o.?x.hasValue()
self.?o.x.hasValue()
self.?o.zz.hasValue()
self.?o.?zz.hasValue()
self.l[?'a'].hasValue()
self.m[?1].hasValue()
self.a[?0].hasValue()
optional.of(1) == 1
optional.of(1).value() == 'a'
optional.of(1).orValue('a') == 1
optional.of(1).or(2) == 1
optional.of(1).or(optional.of('a')) == 1
optional.of(1).or(optional.none()) == optional.of(1)
optional.none().value() == 1
optional.none() == optional.of(1)
optional.none(1) == 1
optional.of() == 1
optional.of(1, 2) == 1
optional.foo(1)
optional.ofNonZeroValue(1) == 1
optional.of(1).hasValue(1)
optional.of(1).foo()
optional.of(1).foo == 1
optional.of(1).optMap(x, x + 'a') == 1
optional.of(1).optMap(x, x + 1) == 1
optional.of(1).optFlatMap(x, x) == 1
optional.of(1).optFlatMap(x, optional.of(x)) == 1
1.optMap(x, x) == 1
optional.unwrap([optional.of(1)]) == ['a']
[optional.of(1)].unwrapOpt() == [1]
optional == 1
1.value() == 1
'a'.hasValue()
'a'.orValue('b') == 'a'
quantity(1) == quantity('1')
quantity('a') == quantity('1')
quantity() == quantity('1')
quantity('1') == 1
quantity('1') > quantity('2')
quantity('1') + quantity('1') == quantity('2')
quantity('1').foo()
quantity('1').add('a') == quantity('2')
quantity('1').isGreaterThan(1)
quantity('1').sign() == 1
sign(quantity('1')) == 1
isQuantity(1)
isQuantity()
ip(1) == ip('1.1.1.1')
ip('a') == ip('1.1.1.1')
ip('1.1.1.1') == '1.1.1.1'
ip('1.1.1.1').foo()
isIP(1)
ip.isCanonical('a')
ip.isCanonical(1)
ip.foo('a')
ip == 1
cidr('a') == cidr('1.1.1.1/8')
cidr(1) == cidr('1.1.1.1/8')
cidr('1.1.1.1/8').containsIP(1)
cidr('1.1.1.1/8').containsCIDR('a')
cidr('1.1.1.1/8').foo()
isCIDR(1)
url('a') == url('b')
url(1) == url('b')
url('a').foo()
isURL(1)
semver('a') == semver('1.0.0')
semver(1) == semver('1.0.0')
semver('1.0.0', 1) == semver('1.0.0')
semver('1.0.0').foo()
semver('1.0.0') > semver('1.0.0')
semver('1.0.0').isGreaterThan('a')
isSemver(1)
format.foo()
format.dns1123Label().validate(1).hasValue()
format.dns1123Label(1).hasValue()
format.dns1123Label() == 1
format.named(1).hasValue()
format.named('foo').hasValue()
format == 1
sets.contains(1, 2)
sets.contains([1], ['a'])
sets.contains([1], [])
sets.contains([1])
sets.foo([1])
sets == 1
math.greatest(1, 2) == 2
math.abs(1) == 1
lists.range('a') == []
lists.range() == []
lists.foo() == []
[1].sum() == 'a'
['a'].sum() == 'a'
[true].sum() == 1
[[1]].sum() == 1
[].sum() == 1
[1].min() == 'a'
[[1]].min() == [1]
[{}].max() == {}
[1].isSorted() == 1
[{}].isSorted()
[1].indexOf('a') == 1
[1].lastIndexOf('a') == 1
[1].slice('a', 1) == []
[1].slice(1) == []
[1].flatten() == []
[[1]].flatten('a') == []
[[1]].flatten() == ['a']
[1].distinct() == ['a']
[1].reverse() == ['a']
[1].sort() == ['a']
[{}].sort() == []
['a', 'b'].first() == 1
[1].first().value() == 'a'
[1].last(1) == 1
base64.encode(b'a') == ''
base64.decode(1) == b''
math == 1
strings == 1
lists == 1
google == 1
google.protobuf.NullValue.NULL_VALUE == 1
google.protobuf.NullValue == 1
google.rpc.context.AttributeContext{} == 1
Object{} == 1
Object{a: 1} == 1
JSONPatch{} == 1
net.IP == 1
kubernetes.Quantity == 1
timestamp == 1
duration == 1
list == type([])
map == type({})
null_type == type(null)
bytes == type(b'')
double == type(1.0)
uint == type(1u)
bool == type(true)
string == type('')
type == type(int)
dyn == 1
any == 1
error == 1
authorizer.group('').resource('a').check('get').allowed()
request.foo == 1
object == 1
oldObject == 1
params == 1
variables.a == 1
namespaceObject == 1
device == 1
oldSelf == self
oldSelf.a == 1
oldSelf.zz == 1
self.a > self.n
self.a == self.n
self.a + self.n == ''
self.n + self.d == 1
self.l + self.a == []
self.l + [1] == []
self.l == [1]
self.l == self.m
self.m == {'a': 1}
self.m == {1: 'a'}
self.o == {}
self.o == {'x': 'a'}
self.o == 1
self.o == self.lo
self == 1
self == {}
self > self
self + self == self
-self.a == 1
!self.o
self.o && true
self.o ? 1 : 2
self.ios + 1 == 2
self.ios + 'a' == 'a'
self.ios > 'a'
self.ios.foo == 1
self.ios[0] == 1
self.ios.startsWith('a')
self.ios.foo()
self.ios && true
self.any.foo == 1
self.any[0] == 1
self.emb.spec == 1
self.emb.metadata.name == 1
self.emb.metadata.labels == {}
self.emb.kind == 1
self.openl.x == 1
self.openl.zz == 1
self.open == 1
self.by == 'a'
self.by + 'a' == b''
self.nul == 1
self.i32 == 'a'
self.set == [1]
self.l.foo == 1
self.lo[0].foo == 1
self.lo[0].x == 1
self.lo.map(x, x.foo) == []
self.lo.map(x, x.x) == [1]
self.lo.all(x, x.x == 1)
self.mo['a'].foo == 1
self.mo.a.x == 1
self.mo.all(k, self.mo[k].foo == 1)
[self.a, self.n].all(x, true)
[1, 2].map(x, [x, 'a']) == []
[1, 2].map(x, {'a': x, 'b': 'c'}) == []
"a" == 'b' ? 1 : 2
self.a == 1 || self.n == 'a' || self.zz
self.zz1 || self.zz2 || zz3 || zz4()
zz1 + zz2 - zz3(zz4, zz5.zz6)
[zz1, zz2, {zz3: zz4}]
zz1 ? zz2 : zz3
zz1[zz2]
zz1.zz2[zz3.zz4]
zz1.zz2(zz3.zz4(zz5))
zz1.all(x, zz2)
zz1{a: zz2}
!zz1 && -zz2
foo.bar.baz.qux()
foo().bar
foo().bar()
'a'.foo().bar(baz)
size(zz)
size(self.zz)
self.zz.size()
self.a.size().foo()
self.a.size() + 'a' == 1
1 + 'a' + 2u + foo
self.foo(1).bar(2).baz(3)
__result__ == 1
@result == 1
_a == 1
__a__ == 1
a_b.c_d == 1
A == 1
self.__a__ == 1
self.o.__for__ == 1
self.o.a__dash__b == 1
self.o.for == 'a'
int(self.a) == 'a'
int.foo == 1
int.max == 1
string.foo('a')
string('a').foo
timestamp('a').getHours() == 1 && duration('b') == 1
duration('a') == 1 && 'a'.matches('(') && [1, 'a'] == []
duration('a') == duration('1s') && 'a'.matches('(') && [1, 'a'] == []
'a'.matches('(') && 'b'.matches(')') && duration('x') == duration('y')
duration('x') == duration('y') || timestamp('x') == timestamp('y')
self.l.all(x, duration('q') == duration('1s'))
self.l.map(x, [1, x]) == []
['a', 1, 'b', 2] == [] && [2, 'x'] == []
{'a': 1, 'b': 'x', 'c': 2.0} == {} && true
[[1, 'a'], ['b', 2]] == []
[[1, 2], [3, 'a']] == []
cel.bind(x, 1, x == 1)
cel.foo(x)
cel == 1
cel.@block([1], true)
`
  .trim()
  .split('\n')
