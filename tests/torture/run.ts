/** `npm run torture -- SUBJECT --seed 7 …`: long runs that try to break a promise. Without a subject it lists them with their flags. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { subjects } from './subjects.ts'

const [name = '', ...words] = process.argv.slice(2)
const subject = subjects[name]
const tell = (line: string) => void process.stdout.write(`${line}\n`)
if (!subject) {
  for (const [each, { doc, flags }] of Object.entries(subjects)) {
    const shown = Object.entries(flags).map(([flag, value]) => `--${flag} ${value || "''"}`)
    tell(`${each}: ${doc}\n    ${shown.join(' ')} --seed N`)
  }
  process.exit(name === '' ? 0 : 1)
}
const defaults = { ...subject.flags, seed: randomInt(2 ** 31) }
const { values } = parseArgs({
  args: words,
  options: Object.fromEntries(
    Object.entries(defaults).map(([flag, value]) => [
      flag,
      { type: 'string' as const, default: String(value) },
    ]),
  ),
})
const typed = Object.fromEntries(
  Object.entries(defaults).map(([flag, value]) => [
    flag,
    typeof value === 'number' ? Number(values[flag]) : String(values[flag]),
  ]),
)
const given = Object.entries(typed).map(([flag, value]) => `--${flag} ${value || "''"}`)
tell(`npm run torture -- ${name} ${given.join(' ')}`)
try {
  await subject.run(typed, tell)
} catch (error) {
  tell(`✖ ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
tell('✔ nothing was broken')
process.exit(0)
