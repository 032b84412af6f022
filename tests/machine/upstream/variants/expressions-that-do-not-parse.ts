/** Texts that are no expressions, and some that are, by a hair: signs, brackets, constants, names, macros. */

export const UNPARSED: readonly string[] = String.raw`
self.a ==
self.
(self.a
self.a === "a"
self = 42
) == 1
1 == ) 2
@a == 1
Not_Valid!
.
self.a and true
self.a == 1)
self.a, 1
== 1
&& self.n
[1, 2
self["a"
{"a": 1
{"a" 1}
self.b ? 1
self.b ? 1 :
self.b ? : 1
self..a
a(
self[
"abc
b"a
!
1--
-
--
---1 == 1
- -1 == 1
!!self.b
!-1
-!self.b
!!
f(1,)
f(,)
f(,1)
f(1 2)
f(1,,2)
size([1],) == 1
[1,2,] == [1,2]
[,] == []
[,1]
[1,,2]
[1 2]
[1,2,,]
{'a':1,} == {}
{,} == {}
{,'a':1}
{'a':1,,}
{'a'}
{'a':}
{:1}
{'a':1 'b':2}
{'a':1,'b'}
Msg{a:1,}
Msg{a:1}
Msg{}
Msg{,}
Msg{a}
Msg{a:}
Msg{1:2}
Msg{a:1 b:2}
Msg{?a:1}
a.b.Msg{a:1}
.a.b.Msg{a:1}
.Msg{}
a.b.{}
a.{}
self.a.{}
self{}
self.a{}
self.a{b:1}
if
for
true && while
self.if
self.for == 1
self.in == 1
self.true
self.null
self.false == 1
in
self in
in self
1 in
a in in b
as == 1
namespace == 1
package.x == 1
const()
let(1)
var.x()
void{}
loop[0]
break.continue
x.return
x.while()
true.x
null.x
true()
null()
false{}
1 ? 2
? 1
: 1
1 : 2
true ? 1 : 2 : 3
true ? 1 ? 2 : 3
true ?? 1
true ?. 1
self.?a == ""
self?.a
self.?
self.??a
self[?0]
self[?]
self[??0]
[?1]
[?]
[??1]
{?'a':1}
{?}
{?:1}
[]
[]]
[[]
[[1]
[(1]
(1]
{1]
[1}
(1}
{1)
((1)
(1))
()
(())
(1,2)
1 2
1 2 3
1 2 3 4
a b
a b c
a b == c
"a" "b"
"a" 'b' "c"
1 "a"
"a" 1
self.a "a"
self.a 1
self.a(1
self.a(1 2
self.a(1,
self.a(
self.a()
self.a().
self.a().b(
self.a.(
self.a.)
self.a.1
self.a.b.c.
self.a.b.c.(1)
self.a.b.(1)
self.a."b"
self.a.'b'()
self.a.[1]
self[1
self[1,2]
self[1:2]
self[]
self[)
self[1)
self[1]]
self[[1]
1 +
+ 1
1 + + 1
1 ++ 1
1 +* 1
1 * / 2
* 1
1 *
/ 1
% 1
1 % % 1
1 - - 1 == 2
1 -- 1 == 2
1 - -
1 - - -
1 && && 2
1 || || 2
|| 1
1 ||
1 &&
1 & 1
1 | 1
1 & & 1
1 = 1
1 =< 1
1 <> 2
1 < < 2
1 < = 2
1 !
1 !! 2
self.a ! self.b
self.b && !
self.b && [
self.b || )
self.b || }
self.b ]
self.b :
self.b .
;
#
self.b # comment
// comment
self.b /* comment */
$
self.a$
^
\
"a\
'a
"a'
'''a'
"""a
""""
''
'''''
r"a
r"a\"" == "a"
b'''a
rb'a' == b'a'
Rb'a'
f'a'
'\q'
"\x"
"\x1g"
"\X41" == "A"
"\u1"
"\u123"
"\u004g"
"\udfff" == ""
"\U0001"
"\U00110000" == ""
"\0"
"\012" == ""
"\377" == ""
"\0a"
b"\U00000041" == b"A"
b"\xff" == b"A"
b"\400"
"\a\b\f\n\r\t\v\\\'\"\?" == ""
r"\q" == ""
"a
1.a
.1 == 0.1
1.2.3
1e+
1E5 == 1.0
-1e400 == 1.0
1.e5
1.0u
1U == 1u
1uu
1d
1_000
0xg
0X1 == 1
0x1U == 1u
0xffffffffffffffff == 1
0x8000000000000000 == 1
-0x8000000000000001 == 1
0x10000000000000000u == 1u
9223372036854775808 == 1
-9223372036854775809 == 1
--9223372036854775808 == 1
99999999999999999999999999 == 1
18446744073709551616u == 1u
[9223372036854775808, 18446744073709551616u]
9223372036854775808 && if
007 == 7
0b1
1 .a
-1.a
-1.(
-1[2 3]
-1 2
-1.5.
-a.(
1 + -1.
self.n-1 == 2
self.n - -1 == 2
self.n---1 == 2
a.b.c.d.
.a.
..a
.'a'
.[a]
.a(1
.a.b{c
a{b
a{b:1
a{b:1,c
a{"b":1}
a{??b:1}
a{b:1}.c.
has()
has(a)
has(self.a
has(self.a, self.b)
has(self.?a)
has("a")
has(!self.a)
has(self.a) && has(b)
self.l.all(1, true)
self.l.all("x", true)
self.l.all()
self.l.all(x, x == "", x)
self.l.all((x), true)
self.l.all(__result__, true)
self.l.all(self, self == "")
self.l.all(true, true)
self.l.all(x, 1, true)
self.l.exists(1, true)
self.l.exists(1, 2, true)
self.l.exists_one(1, 2, true)
self.l.existsOne(1, 2, true)
self.l.map(x.y, true)
self.l.map(x)
self.l.map(__result__, true)
self.l.filter(x.y, true)
self.l.filter(x)
self.l.transformList(1, v, v)
self.l.transformList(i, i, v)
self.l.transformList(i, v, v, v, v)
self.l.transformMap(1, v, v)
self.l.transformMapEntry(1, v, v)
self.l.transformMapEntry(i, v, {i: v}) == {}
self.l.sortBy(x.y, 1) == []
self.l.sortBy(x, [x]) == []
sortBy(self.l, x, x)
optional.of(1).optMap(x.y, 2)
optional.of(1).optFlatMap(1, 2)
cel.bind(1, 2, 3)
cel.bind(x, 2, 3)
map(x, 1)
self.l.all(x, )
self.l.all(, true)
self.l.all x, true
self.l.map(x, {x:})
self.'a'
self.é
"日本" == 日本
'😀' + 1
'😀' ==
==
self.a == """
self .a
a
1 2 3 4 5 6 7
f(1 2 3 4)
f(a b, c d)
(a b c)
[a b c]
{a: b c}
a[b c]
a.b c.d
a ? b : c d
a ? (b : c
a && b c && d
a && b) && c
a + (b * c
"%d".format([1)
"%d".format([1]
a.b(c.d(e.f
a.b(c.d(e.f))
)
}
:
=
`
  .trim()
  .split('\n')
