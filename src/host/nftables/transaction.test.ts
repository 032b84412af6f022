import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_RULES, type Ruleset } from './ruleset.ts'
import { transaction } from './transaction.ts'

const table = { family: 'inet', name: 'guard' } as const
const type = 'ipv4_addr'
const hook = 'type filter hook forward priority 0; policy accept;'
const lines = (previous: Ruleset | undefined, next: Ruleset) =>
  transaction(table, previous, next).split('\n').slice(0, -1)

function rules(elements: readonly string[], more: Partial<Ruleset> = {}): Ruleset {
  return {
    sets: new Map(),
    filled: new Map([['known', { type, elements: new Set(elements) }]]),
    maps: new Map(),
    chains: new Map([['gate', [hook, 'ip saddr @known drop']]]),
    ...more,
  }
}

test('a table is made whole, sets before the rules that name them', () => {
  assert.deepEqual(lines(undefined, rules(['10.0.0.1'])), [
    'add table inet guard',
    'delete table inet guard',
    'add table inet guard',
    'add set inet guard known { type ipv4_addr; }',
    `add chain inet guard gate { ${hook} }`,
    'add rule inet guard gate ip saddr @known drop',
    'add element inet guard known { 10.0.0.1 }',
  ])
})

test('of sets only elements change', () => {
  assert.deepEqual(lines(rules(['10.0.0.1', '10.0.0.2']), rules(['10.0.0.2', '10.0.0.3'])), [
    'delete element inet guard known { 10.0.0.1 }',
    'add element inet guard known { 10.0.0.3 }',
  ])
  assert.deepEqual(lines(rules(['10.0.0.1']), rules(['10.0.0.1'])), [])
})

test('a set goes when no rule names it any more; ranges are declared', () => {
  const filled = new Map([
    ['block', { type, isInterval: true, elements: new Set(['10.0.0.0-10.0.0.9']) }],
  ])
  const chains = new Map([['gate', [hook, 'ip saddr @block drop']]])
  assert.deepEqual(lines(rules([]), rules([], { filled, chains })), [
    'add set inet guard block { type ipv4_addr; flags interval; }',
    'flush chain inet guard gate',
    'add rule inet guard gate ip saddr @block drop',
    'add element inet guard block { 10.0.0.0-10.0.0.9 }',
    'delete set inet guard known',
  ])
})

test('where nothing is wanted there is no table', () => {
  const gone = ['add table inet guard', 'delete table inet guard']
  assert.deepEqual(lines(rules([]), NO_RULES), gone)
  assert.deepEqual(lines(undefined, NO_RULES), gone)
  assert.deepEqual(lines(NO_RULES, NO_RULES), [])
  assert.equal(lines(NO_RULES, rules([]))[0], 'add table inet guard')
})

test('an element that could be commands of its own is refused', () => {
  for (const element of ['1.2.3.4 }\nflush ruleset', '1.2.3.4; x', '1.2.3.4 # x', '"x"', ''])
    assert.throws(() => lines(rules([]), rules([element])), /is no element of the set known$/)
})
