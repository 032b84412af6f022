/** docs/flags.md says of each of upstream's flags that is none of ours what is done with it. `UPDATE_DOCS=1` writes it anew. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Command, commands } from '../../src/cli/commands.ts'

const FILE = new URL('../../docs/flags.md', import.meta.url)
const PROGRAMS = {
  'kube-apiserver': 'apiserver',
  'kube-controller-manager': 'controller-manager',
  'kube-scheduler': 'scheduler',
} as const

function tables(): string {
  return Object.entries(PROGRAMS)
    .map(([program, name]) => {
      const { others = {} }: Command = commands[name]
      const rows = Object.entries(others)
        .toSorted(([one], [other]) => one.localeCompare(other))
        .map(([flag, { only, why }]) => {
          const texts = only?.map(each => `\`${each || '""'}\``).join(', ')
          const what =
            only === undefined ? 'taken' : only.length === 0 ? 'refused' : `only ${texts}`
          return `| \`--${flag}\` | ${what} | ${why} |`
        })
      return `## ${program}\n\n| flag | | why |\n| --- | --- | --- |\n${rows.join('\n')}\n`
    })
    .join('\n')
}

test('the tables of docs/flags.md are those of the flags', () => {
  const text = readFileSync(FILE, 'utf8')
  const begin = text.indexOf('## kube-apiserver')
  assert.ok(begin > 0)
  const wanted = text.slice(0, begin) + tables()
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, wanted)
  else assert.equal(text, wanted)
})
