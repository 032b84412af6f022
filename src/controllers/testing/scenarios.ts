/**
 * Scenarios as text: commands, a line `----`, and what they answered. `UPDATE_SCENARIOS=1` writes the answers anew, to be
 * reviewed as a diff. A paragraph that begins with `#` is the title of a scenario, which has a world of its own.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'

/** Does what one line says and may answer with lines of text, or a promise of them. */
export type Command = (...words: string[]) => unknown
export type Commands = Readonly<Record<string, Command>>

const SEPARATOR = '----'

export function runScenarios(file: URL, start: () => Commands): void {
  const scenarios: string[][] = []
  for (const paragraph of readFileSync(file, 'utf8').trim().split(/\n\n+/)) {
    if (paragraph.startsWith('# ')) scenarios.push([])
    scenarios.at(-1)?.push(paragraph)
  }
  assert.ok(scenarios.length > 0, `${file.pathname} has no scenarios`)
  for (const [index, [title = '', ...steps]] of scenarios.entries())
    test(title.replace(/^# /, ''), async () => {
      const commands = start()
      const answered: string[] = []
      for (const step of steps) answered.push(await answerTo(step, commands))
      if (process.env.UPDATE_SCENARIOS) {
        scenarios[index] = [title, ...answered]
        writeFileSync(file, `${scenarios.flat().join('\n\n')}\n`)
      } else for (const [at, text] of answered.entries()) assert.equal(text, steps[at])
    })
}

async function answerTo(step: string, commands: Commands): Promise<string> {
  const asked = (step.split(`\n${SEPARATOR}`)[0] ?? '').split('\n')
  const lines: string[] = []
  for (const line of asked) {
    const [name = '', ...words] = line.split(/\s+/)
    const command = commands[name]
    assert.ok(command, `there is no command ${name}`)
    const answer = await command(...words)
    if (Array.isArray(answer)) lines.push(...answer)
  }
  return [...asked, SEPARATOR, ...lines].join('\n')
}
