/**
 * Single decisions as text: a title, a state in YAML, an arrow, and what the controller does about it (scenarios.ts is for whole
 * stories). With UPDATE_SCENARIOS=1 what it does is written into the file, to be reviewed as a diff.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { parseYaml } from '#api/machinery/yaml.ts'
import type { AnyObject, Batch, Outcome, Write } from '../runner/controller.ts'
import { canonical, sameJson } from '../runner/json.ts'

const ARROW = '\n=>\n'
const TITLE = /^## /m

/** Registers a test for each scenario of the file. `decide` gets the state and says what is done, one line for each act. */
export function testScenarios<S>(
  file: URL,
  decide: (state: S) => string[] | Promise<string[]>,
): void {
  const text = readFileSync(file, 'utf8')
  const [preamble = '', ...sections] = text.split(TITLE)
  assert.ok(sections.length > 0, `${file.pathname} has no scenarios`)
  const updated = [preamble.trimEnd()]
  const isUpdate = process.env.UPDATE_SCENARIOS === '1'
  for (const section of sections) {
    const title = section.slice(0, section.indexOf('\n'))
    const [state = '', expected = ''] = section.slice(title.length + 1).split(ARROW)
    test(title, async () => {
      const actual = await decide((parseYaml(new TextEncoder().encode(state)) ?? {}) as S)
      updated.push(`## ${title}\n${state.trimEnd()}\n=>\n${actual.join('\n')}`)
      if (!isUpdate) assert.deepEqual(actual, expected.trim().split('\n'))
    })
  }
  // A scenario that threw is not in the list; then the file stays as it is.
  if (isUpdate)
    after(() => {
      if (updated.length > sections.length) writeFileSync(file, `${updated.join('\n\n')}\n`)
    })
}

/** One line for each write, in order; of a status only what changes. `extra` says more about an object that is made. */
export function showOutcome(
  outcome: Outcome,
  before: AnyObject | undefined,
  extra: (object: AnyObject) => string = () => '',
): string[] {
  const lines = outcome.writes.flatMap(write => showWrite(write, before, extra))
  if (outcome.againAfterMs !== undefined) lines.push(`again after ${outcome.againAfterMs} ms`)
  return lines.length > 0 ? lines : ['nothing']
}

function showWrite(
  write: Write | Batch,
  before: AnyObject | undefined,
  extra: (object: AnyObject) => string,
): string[] {
  switch (write.verb) {
    case 'batch':
      return write.writes.flatMap(part => showWrite(part, before, extra))
    case 'event':
      return [`event ${write.type} ${write.reason}: ${write.text.message}`]
    case 'create': {
      const { name, generateName } = write.object.metadata
      return [
        `create ${write.kind.kind} ${name ?? generateName}${extra(write.object as AnyObject)}`,
      ]
    }
    case 'delete':
      return [
        `delete ${write.kind.kind} ${write.object.metadata.name}${write.options ? ` ${canonical(write.options)}` : ''}`,
      ]
    case 'patch':
      return [`patch ${write.kind.kind} ${write.object.metadata.name} ${canonical(write.patch)}`]
    case 'update':
      return [
        `update ${write.kind.kind} ${write.object.metadata.name} ${write.subresource ?? ''} ${showChange(write.object, before)}`,
      ]
  }
}

function showChange(object: AnyObject, before: AnyObject | undefined): string {
  const part = 'status' in object ? 'status' : 'spec'
  const next = object[part] as Record<string, unknown>
  const previous = (before?.[part] ?? {}) as Record<string, unknown>
  const keys = [...new Set([...Object.keys(previous), ...Object.keys(next)])].toSorted()
  return keys
    .filter(key => !sameJson(next[key], previous[key]))
    .map(key => `${key}=${showValue(key, next[key])}`)
    .join(' ')
}

function showValue(key: string, value: unknown): string {
  if (value === undefined) return 'none'
  if (key !== 'conditions') return canonical(value)
  const conditions = value as { type: string; status: string; reason?: string; message?: string }[]
  return conditions
    .map(({ type, status, reason, message }) => `[${type}=${status} ${reason}: ${message}]`)
    .join('')
}
