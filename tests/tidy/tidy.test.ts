/** Checks on the code itself: who imports whom, what is banned, how long files are, why each dependency is there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { longFiles } from './exceptions.ts'
import { BROWSER, bannedGlobals, hostDoors, rooms } from './rooms.ts'
import { importsOf, projectRoot, readSources, type Source, withoutComments } from './sources.ts'

const MAXIMUM_LINES = 400

const sources = readSources('src')
const product = sources.filter(source => !isTest(source))

test('a room imports only the rooms it may, through their doors', () => {
  assert.deepEqual(
    product.flatMap(source => forbiddenEdges(source)),
    [],
  )
})

test('the check of doors catches a planted edge', () => {
  const planted = {
    path: 'src/store/x.ts',
    room: 'store',
    text: "import { pod } from '#api/core/v1/pod/pod.ts'",
  }
  assert.equal(forbiddenEdges(planted).length, 1)
  assert.equal(
    forbiddenEdges({ ...planted, text: "import { x } from '../api/kinds.ts'" }).length,
    1,
  )
  assert.equal(forbiddenEdges({ ...planted, text: "import { x } from '#host/files.ts'" }).length, 1)
})

test('rooms form no cycle', () => {
  const edges = new Map<string, Set<string>>()
  for (const source of product)
    for (const target of importedRooms(source)) {
      if (target !== source.room)
        edges.set(source.room, (edges.get(source.room) ?? new Set()).add(target))
    }
  assert.deepEqual(cycleIn(edges), undefined)
})

test('time, randomness and the machine are reached through parameters', () => {
  const bound = product.filter(({ room, path }) => room !== 'host' && path !== BROWSER)
  assert.deepEqual(bound.flatMap(bannedUses), [])
})

test('no text becomes HTML or code in the pages of the dashboard', () => {
  const pages = product.filter(({ path }) => path.startsWith('src/dashboard/pages/'))
  assert.deepEqual(pages.flatMap(htmlUses), [])
  const planted = {
    path: 'x.ts',
    room: 'dashboard',
    text: 'a.innerHTML = name\nb.textContent = name',
  }
  assert.deepEqual(htmlUses(planted), ['x.ts:1'])
})

test('the check of banned globals catches a planted use', () => {
  const planted = {
    path: 'src/dns/x.ts',
    room: 'dns',
    text: 'const a = Date.now() // Math.random\nclock.setTimeout(1)',
  }
  assert.deepEqual(bannedUses(planted), ['src/dns/x.ts:1 uses Date.now'])
})

test(`no file is longer than ${MAXIMUM_LINES} lines, but for a list that only shrinks`, () => {
  const long = sources
    .filter(source => source.text.split('\n').length > MAXIMUM_LINES + 1)
    .map(source => source.path)
  assert.deepEqual(
    long.filter(path => !longFiles.includes(path)),
    [],
    'new files that are too long',
  )
  assert.deepEqual(
    longFiles.filter(path => !long.includes(path)),
    [],
    'take these off the list: they are short now',
  )
})

test('every dependency has a written reason', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
  const reasons = readFileSync(join(projectRoot, 'docs/dependencies.md'), 'utf8')
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  assert.deepEqual(
    names.filter(name => !reasons.includes(`\`${name}\``)),
    [],
  )
})

function isTest({ path }: Source): boolean {
  return /\.(test|suite)\.ts$/.test(path) || path.includes('/testing/')
}

function forbiddenEdges(source: Source): string[] {
  if (source.room === '') return []
  const room = rooms[source.room]
  if (!room) return [`${source.path}: room ${source.room} is not in the table`]
  const errors: string[] = []
  for (const specifier of importsOf(source)) {
    if (specifier.startsWith('.') && leavesRoom(source, specifier))
      errors.push(`${source.path} leaves its room by ${specifier}; use the door`)
    const target = /^#([a-z-]+)/.exec(specifier)?.[1]
    if (!target || target === source.room) continue
    if (!room.mayImport.includes(target))
      errors.push(`${source.path} may not import ${target} (${room.why})`)
    else if (target === 'host' && !mayUseHost(source))
      errors.push(`${source.path} may not import host`)
  }
  return errors
}

function leavesRoom(source: Source, specifier: string): boolean {
  const target = posix.join(posix.dirname(source.path), specifier)
  return !target.startsWith(`src/${source.room}/`)
}

function mayUseHost(source: Source): boolean {
  const parts = hostDoors[source.room]
  return !parts || parts.some(part => source.path.startsWith(`src/${source.room}/${part}`))
}

function importedRooms(source: Source): string[] {
  return importsOf(source).flatMap(specifier => /^#([a-z-]+)/.exec(specifier)?.[1] ?? [])
}

function bannedUses(source: Source): string[] {
  if (source.room === '') return []
  const lines = withoutComments(source.text).split('\n')
  return lines.flatMap((line, index) =>
    bannedGlobals
      .filter(name => new RegExp(`(?<![\\w.$'"])${name.replace('.', '\\.')}\\s*\\(`).test(line))
      .map(name => `${source.path}:${index + 1} uses ${name}`),
  )
}

/** The ways in which a browser makes more than text of one; the pages' policy forbids them, too. */
function htmlUses({ path, text }: Source): string[] {
  const ways =
    /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment|setHTML\w*|DOMParser|eval)\b|new Function\b/
  return withoutComments(text)
    .split('\n')
    .flatMap((line, index) => (ways.test(line) ? [`${path}:${index + 1}`] : []))
}

function cycleIn(edges: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>()
  const visit = (node: string, path: string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node])
      if (cycle) return cycle
    }
    done.add(node)
    return undefined
  }
  for (const node of edges.keys()) {
    const cycle = visit(node, [])
    if (cycle) return cycle
  }
  return undefined
}

test('the lock file knows every package that another one may want, on every platform', () => {
  // npm leaves out optional packages that its registry does not have; `npm ci` then refuses the whole file.
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'))
  const packages = lock.packages as Record<
    string,
    { optionalDependencies?: Record<string, string> }
  >
  const wanted = Object.values(packages).flatMap(entry =>
    Object.keys(entry.optionalDependencies ?? {}),
  )
  assert.deepEqual(
    wanted.filter(name => !packages[`node_modules/${name}`]),
    [],
  )
})
