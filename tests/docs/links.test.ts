/** What the README, the guides and the decisions lead to within the project is there, down to the heading. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../tidy/sources.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(projectRoot, 'docs'), { recursive: true })
    .map(name => join('docs', String(name)))
    .filter(name => name.endsWith('.md')),
]
const textOf = (page: string) => readFileSync(join(projectRoot, page), 'utf8')
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')

test('links lead to files that are there, and to headings in them', () => {
  const lost: string[] = []
  let count = 0
  for (const page of pages)
    for (const [, to = '', part] of withoutCode(textOf(page)).matchAll(
      /\]\(([^)\s#]*)(#[^)]*)?\)/g,
    )) {
      if (/^[a-z]+:/.test(to)) continue
      count++
      const file = to ? resolve(projectRoot, dirname(page), to) : join(projectRoot, page)
      if (!existsSync(file)) lost.push(`${page}: ${to}`)
      else if (part && !headings(textOf(relative(projectRoot, file))).includes(part))
        lost.push(`${page}: ${to}${part}`)
    }
  assert.ok(count > 50, `only ${count} links were found`)
  assert.deepEqual(lost, [])
})

test('every guide is one that the README leads to', () => {
  const guides = pages.filter(page => dirname(page) === 'docs')
  const readme = textOf('README.md')
  const elsewhere = new Set(['docs/ROADMAP.md'])
  assert.deepEqual(
    guides.filter(page => !readme.includes(`](${page})`) && !elsewhere.has(page)),
    [],
  )
})

/** As forges name them. */
function headings(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')}`,
  )
}
