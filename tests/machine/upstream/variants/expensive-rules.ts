/** Schemas with rules of all costs: the figures in refusals tell whether both servers estimate alike. */

type Schema = Readonly<Record<string, unknown>>

const text = (maxLength?: number): Schema => ({
  type: 'string',
  ...(maxLength === undefined ? {} : { maxLength }),
})
const integer: Schema = { type: 'integer' }
const list = (items: Schema, maxItems?: number): Schema => ({
  type: 'array',
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
})
const map = (values: Schema, maxProperties?: number): Schema => ({
  type: 'object',
  additionalProperties: values,
  ...(maxProperties === undefined ? {} : { maxProperties }),
})
const object = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const ruled = (schema: Schema, ...rules: (string | Schema)[]): Schema => ({
  ...schema,
  'x-kubernetes-validations': rules.map(rule => (typeof rule === 'string' ? { rule } : rule)),
})

const EVERYTHING = object({
  n: integer,
  d: { type: 'number' },
  b: { type: 'boolean' },
  s: text(),
  s9: text(9000),
  e: { type: 'string', enum: ['one', 'three'] },
  t: { type: 'string', format: 'date-time' },
  du: { type: 'string', format: 'duration' },
  by: { type: 'string', format: 'byte' },
  ios: { 'x-kubernetes-int-or-string': true },
  ls: list(text()),
  ls9: list(text(2000), 3000),
  ln: list(integer),
  ln9: list(integer, 3000),
  lt: list({ type: 'string', format: 'date-time' }, 3000),
  lo: list(object({ x: text(2000), n: integer }, 'x'), 1500),
  m: map(text()),
  m9: map(text(2000), 3000),
  mo: map(object({ x: text() })),
  o: object({ x: text(), deep: object({ y: text(4000), l: list(integer, 2000) }) }),
})

/** For one object with fields of all types, bounded and not. */
const OVER_EVERYTHING: readonly string[] = [
  'self.ln9.all(x, self.ln9.all(y, x == y))',
  'self.ln9.exists(x, self.ln9.exists(y, x == y))',
  'self.ln9.exists_one(x, self.ln9.exists_one(y, x == y))',
  'self.ln9.map(x, self.ln9.map(y, x + y)).size() > 0',
  'self.ln9.filter(x, self.ln9.filter(y, x == y).size() > 0).size() > 0',
  'self.ln9.map(x, x > 1, self.ln9.filter(y, x == y).size()).size() > 0',
  'self.ln.all(x, x > 0)',
  'self.ls.all(x, x == "a")',
  'self.ls.all(x, x.startsWith("a"))',
  'self.ls.all(x, x.endsWith(self.s))',
  'self.ls.all(x, x in self.ls)',
  'self.ls9.all(x, x in self.ls9)',
  'self.ls9.all(x, self.ls9.all(y, x == y))',
  'self.ls9.all(x, self.ls9.all(y, x < y))',
  'self.ls9.all(x, self.ls9.all(y, x + y == ""))',
  'self.ls9.all(x, x.matches("^a+$"))',
  'self.ls9.all(x, x.contains(self.s9))',
  'self.ls9.all(x, x.replace("a", "bb").size() > 1)',
  'self.ls9.all(x, x.split("a").all(y, y == "b"))',
  'self.ls9.all(x, x.lowerAscii() == x.upperAscii())',
  'self.ls9.all(x, x.find("a+") == "a")',
  'self.ls9.all(x, x.findAll("a+").size() == 1)',
  'self.ls9.join(",") == self.s',
  'self.ls9.isSorted()',
  'self.ls.isSorted()',
  'self.ls.indexOf("a") == 1',
  'self.ln9.sum() > self.ln9.max()',
  'self.ln9.all(x, self.ln9.sum() > x)',
  'self.lt.all(x, self.lt.all(y, x < y))',
  'self.lo.all(x, self.lo.all(y, x.x == y.x))',
  'self.lo.all(x, self.lo.all(y, x.n == y.n))',
  'self.lo.map(o, o.x).all(x, x == "a")',
  'self.lo.filter(o, o.n > 1).all(o, self.lo.exists(p, p.x == o.x))',
  'self.lo.exists(o, o == self.lo[0])',
  'self.lo[0].x == self.s',
  'self.m.all(k, self.m[k] == "a")',
  'self.m.all(k, k == "a")',
  'self.m9.all(k, self.m9.all(l, self.m9[k] == self.m9[l]))',
  'self.m9.all(k, v, v == "a")',
  'self.m9.transformList(k, v, v).all(x, self.s == x)',
  'self.mo.all(k, self.mo[k].x == self.s)',
  'self.mo.all(k, has(self.mo[k].x))',
  'self.ln9.all(i, v, self.ln9.all(j, w, i == j || v == w))',
  'self.ios == self.s',
  'type(self.ios) == int || self.ios.matches("^[0-9]+$")',
  'self.ls9.all(x, self.ios == x)',
  'self.s.matches(self.s)',
  'self.s.contains(self.s)',
  'self.s.startsWith(self.s) && self.s.endsWith("a") && self.s == self.s9',
  'self.s9.matches("^[a-z]{1,63}([.][a-z]{1,63})*$")',
  '(self.s + self.s).contains(self.s9)',
  'self.s.replace("", self.s9).contains("abcdefghijklmn")',
  'self.e == self.s || self.e.contains(self.s9)',
  'self.by == b"a" && self.by.size() > 1',
  'bytes(self.s) == self.by',
  'string(self.by).contains(self.s9)',
  'self.t > timestamp(self.s) && self.du < duration(self.s)',
  'self.b ? self.ln9.all(x, x > 1) : self.ls9.all(x, self.s9.contains(x))',
  'self.o.deep.l.all(x, self.o.deep.l.all(y, self.o.deep.l.exists(z, x == y && y == z)))',
  'has(self.o.deep.y) && self.o.deep.y.contains(self.s)',
  'self.ls.size() > 1 && self.m.size() < 2',
  'self.ls9.all(x, isURL(x) && url(x).getHost() == "a")',
  'self.ls9.all(x, quantity(x).isGreaterThan(quantity("1")))',
  'self.ls9.all(x, isIP(x) && ip(x).family() == 4)',
  'self.ls9.all(x, cidr(x).containsIP("10.0.0.1") && cidr(x).containsCIDR(x))',
  'self.ls9.all(x, format.dns1123Label().validate(x).hasValue())',
  'self.ls9.all(x, isSemver(x))',
  'sets.contains(self.ls9, self.ls9)',
  'sets.equivalent(self.ls9, self.ls9)',
  'self.?o.?x.orValue("").contains(self.s9)',
  'self.ln9.all(x, [x, 1, 2].exists(y, self.ln9.exists(z, y == z)))',
  'self.ln9.all(x, {"a": x}.all(k, self.ln9.exists(z, k == "a")))',
  'dyn(self.ln9).all(x, self.ln9.all(y, x == y))',
  'self.ln9.all(x, self.ln9.all(y, self.ln9.all(z, -x != y % z * 2 - 1)))',
  'self == oldSelf || self.ls9.all(x, oldSelf.ls9.all(y, x == y))',
]

const all = 'self.all(x, x == "string constant")'

/** Of schemas of their own. */
const OWN: Readonly<Record<string, Schema>> = {
  'a list of lists of texts': list(ruled(list(text()), all)),
  'a list of bounded lists of texts': list(ruled(list(text(10), 10), all)),
  'a bounded list of bounded lists of texts': list(ruled(list(text(10), 10), all), 10),
  'a text in a list': list(ruled(text(), 'self == "a"')),
  'a text in a bounded list': list(ruled(text(100), 'self.contains(self)'), 100_000),
  'a number in a map': map(ruled(integer, 'self > 1')),
  'a number in a map of lists of maps': map(list(map(ruled(integer, 'self > 1')))),
  'an object in a list, with much that is required': list(
    ruled(object({ aaaaaaaaaa: text(), b: integer }, 'aaaaaaaaaa', 'b'), 'self.b > 1'),
  ),
  'an object in a list': list(ruled(object({ b: integer }), 'self.b > 1')),
  'many rules that are too much together': ruled(
    list(integer, 1300),
    ...Array.from({ length: 12 }, (_, at) => `self.all(x, self.all(y, x == y + ${at}))`),
  ),
  'a message that costs too much': ruled(text(), {
    rule: 'true',
    messageExpression: 'self.contains(self) ? "a" : "b"',
  }),
  'an optional old value': ruled(list(text(2000), 3000), {
    rule: '!oldSelf.hasValue() || self.all(x, oldSelf.value().exists(y, x == y))',
    optionalOldSelf: true,
  }),
}

/** By what the test is called: the schema of the spec. */
export const EXPENSIVE: Readonly<Record<string, Schema>> = {
  ...Object.fromEntries(OVER_EVERYTHING.map(rule => [rule, ruled(EVERYTHING, rule)])),
  ...OWN,
}
