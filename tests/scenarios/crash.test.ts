/** `kill -9` while 16 clients write: what was acknowledged is there, and no revision is given twice or goes back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Asked, ask2 } from '../../src/client/testing/serving.ts'
import { type History, type Seen, violationsIn, type Write } from './crash-checker.ts'
import { adminOf, ProaProcess } from './proa-process.ts'
import { jsonBody } from './target.ts'

const ROUNDS = Number(process.env.PROA_CRASH_ROUNDS ?? 5)
const CLIENTS = 16
const NAMES_PER_CLIENT = 4
/** A round is killed at a random moment within. */
const ROUND_MS = { least: 150, most: 1200 }
const LEAST_IN_ROUND = 20
const PATIENCE_MS = 60_000
/** /tmp may be memory, which no disk resembles. */
const base = process.env.PROA_CRASH_DIRECTORY ?? tmpdir()
const configMaps = '/api/v1/namespaces/default/configmaps'

describe('the checker of crashes', () => {
  const write = (kind: Write['kind'], name: string, value: string, revision?: number): Write => ({
    kind,
    name,
    value,
    ...(revision === undefined ? {} : { revision, isAcknowledged: true }),
  })
  const good: History = {
    writes: [
      write('create', 'a', '1', 5),
      write('update', 'a', '2', 6),
      write('create', 'b', '3', 7),
      write('delete', 'b', '', 8),
      write('update', 'a', '4'),
      write('create', 'c', '5'),
    ],
    found: [{ name: 'a', value: '2', revision: 6 }],
    seen: [
      { type: 'ADDED', name: 'a', value: '1', revision: 5 },
      { type: 'MODIFIED', name: 'a', value: '2', revision: 6 },
      { type: 'ADDED', name: 'b', value: '3', revision: 7 },
      { type: 'DELETED', name: 'b', value: '3', revision: 8 },
    ],
    listRevisions: [4, 8, 8],
  }

  test('agrees with a good history, whatever became of unanswered writes', () => {
    assert.deepEqual(violationsIn(good), [])
    const happened = { name: 'a', value: '4', revision: 9 }
    const event: Seen = { ...happened, type: 'MODIFIED' }
    assert.deepEqual(violationsIn({ ...good, found: [happened], seen: [...good.seen, event] }), [])
  })

  test('objects to every planted violation', () => {
    const [a] = good.found
    assert.ok(a)
    const planted: Readonly<Record<string, [Partial<History>, RegExp]>> = {
      'a lost write': [{ found: [{ ...a, value: '1', revision: 5 }] }, /a is 1; its last write/],
      'a lost object': [{ found: [] }, /a is gone/],
      'an object that rose again': [
        { found: [a, { name: 'b', value: '3', revision: 7 }] },
        /b is 3; its last write was delete/,
      ],
      'an object out of nothing': [{ found: [a, { ...a, name: 'z' }] }, /nobody made it/],
      'a revision given twice': [
        {
          writes: [...good.writes, write('create', 'd', '6', 6)],
          found: [a, { name: 'd', value: '6', revision: 6 }],
        },
        /revision 6 was given to a and d/,
      ],
      'a revision that changed': [{ found: [{ ...a, revision: 9 }] }, /was at revision 6/],
      'revisions that go back': [{ listRevisions: [8, 7] }, /lists: revision 7 came after 8/],
      'an event that is missing': [{ seen: good.seen.slice(1) }, /missed the create of a at 5/],
      'a deletion that is missing': [
        {
          writes: good.writes.map(write =>
            write.kind === 'delete' ? { ...write, revision: undefined } : write,
          ) as Write[],
          seen: good.seen.slice(0, -1),
        },
        /missed a delete of b/,
      ],
      'an event told twice': [
        { seen: [...good.seen.slice(0, 1), ...good.seen] },
        /the watcher: revision 5 came after 5/,
      ],
      'an event that nobody caused': [
        { seen: [...good.seen, { type: 'ADDED', name: 'x', value: 'x', revision: 12 }] },
        /which nobody wrote/,
      ],
    }
    for (const [what, [change, complaint]] of Object.entries(planted))
      assert.match(violationsIn({ ...good, ...change }).join('\n'), complaint, what)
  })
})

describe('crashes', () => {
  const directory = mkdtempSync(join(base, 'proa-crash-'))
  let running: ProaProcess | undefined
  after(async () => {
    await running?.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  })

  test(`${ROUNDS} times kill -9 under ${CLIENTS} writers`, async context => {
    const writes: Write[] = []
    const seen: Seen[] = []
    const listRevisions: number[] = []
    let watchedTo = 0
    let readyMs = 0
    for (let round = 0; round <= ROUNDS; round++) {
      const started = performance.now()
      running = new ProaProcess([
        'up',
        '--data-dir',
        directory,
        '--nodes',
        'none',
        '--secure-port',
        '0',
      ])
      const port = await running.ready()
      readyMs = Math.max(readyMs, performance.now() - started)
      const { ca, ...client } = adminOf(directory)
      const open = () => {
        const session = connect(`https://127.0.0.1:${port}`, { ca, ...client })
        session.on('error', () => {})
        session.setMaxListeners(0)
        return session
      }
      const session = open()
      const listed = await ask2(session, { path: `${configMaps}?labelSelector=crash` })
      const list = JSON.parse(listed.body.toString())
      listRevisions.push(Number(list.metadata.resourceVersion))
      watchedTo ||= Number(list.metadata.resourceVersion)
      const watch = watchFrom(session, watchedTo, seen)
      const found = list.items.map((item: ConfigMap) => ({
        name: item.metadata.name,
        value: item.data.value,
        revision: Number(item.metadata.resourceVersion),
      }))
      // The watcher comes back to what it missed; all of it is behind the list's revision. Only it can still learn what it has not
      // seen, deletions among it, whose revisions no answer told; any other complaint stays.
      await watch.until(() => violationsIn({ writes, found, seen, listRevisions }).length === 0)
      assert.deepEqual(
        violationsIn({ writes, found, seen, listRevisions }),
        [],
        `after crash ${round}`,
      )
      if (round === ROUNDS) {
        session.destroy()
        break
      }
      settle(writes, found)
      const acknowledgedBefore = acknowledgedOf(writes)
      const present = new Map<string, Found>(found.map((object: Found) => [object.name, object]))
      const sessions = Array.from({ length: CLIENTS }, open)
      const writing = sessions.map((each, client) =>
        writeOn(each, { client, round, present, writes }),
      )
      const { least, most } = ROUND_MS
      await pause(least + Math.random() * (most - least))
      // On a busy machine it takes longer until there is something to lose.
      const deadline = performance.now() + PATIENCE_MS
      while (
        acknowledgedOf(writes) <= acknowledgedBefore + LEAST_IN_ROUND &&
        performance.now() < deadline
      )
        await pause(5)
      await running.kill('SIGKILL')
      await Promise.all(writing)
      for (const each of [session, ...sessions]) each.destroy()
      watchedTo = Math.max(watchedTo, ...seen.map(({ revision }) => revision))
    }
    const acknowledged = acknowledgedOf(writes)
    context.diagnostic(
      `${ROUNDS} crashes, ${writes.length} writes, ${acknowledged} acknowledged, ${seen.length} events, slowest start ${readyMs.toFixed()} ms`,
    )
    assert.ok(acknowledged > ROUNDS * LEAST_IN_ROUND, 'too little was written to prove anything')
    const ended = await running?.kill('SIGTERM')
    assert.equal(ended?.code, 0)
  })
})

const acknowledgedOf = (writes: readonly Write[]) =>
  writes.filter(({ isAcknowledged }) => isAcknowledged).length

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly data: { readonly value: string }
}

interface Found {
  readonly name: string
  readonly value: string
  readonly revision: number
}

/** After a restart it is known what became of the unanswered writes: those that did not happen never will. */
function settle(writes: Write[], found: readonly Found[]): void {
  const there = new Map(found.map(object => [object.name, object]))
  for (const write of writes) {
    if (write.isAcknowledged || write.isRefused) continue
    const object = there.get(write.name)
    const happened = write.kind === 'delete' ? object === undefined : object?.value === write.value
    if (happened) write.isAcknowledged = true
    else write.isRefused = true
    if (happened && object) write.revision = object.revision
  }
}

let values = 0

/** Creates, updates and deletes names of its own, one after the other, until the connection breaks. */
async function writeOn(
  session: ClientHttp2Session,
  {
    client,
    round,
    present,
    writes,
  }: { client: number; round: number; present: Map<string, Found>; writes: Write[] },
): Promise<void> {
  for (let turn = 0; ; turn++) {
    const name = `c${client}-${turn % NAMES_PER_CLIENT}`
    const known = present.get(name)
    const kind = known ? (Math.random() < 0.3 ? 'delete' : 'update') : 'create'
    const value = kind === 'delete' ? '' : `${round}-${client}-${values++}`
    const write: Write = { name, kind, value }
    writes.push(write)
    try {
      const { status, body } = await ask2(session, askedFor(write))
      const answer = JSON.parse(body.toString())
      if (status >= 300) throw new Error(`${kind} of ${name} was answered ${status}: ${body}`)
      write.isAcknowledged = true
      if (kind === 'delete') {
        present.delete(name)
        continue
      }
      write.revision = Number(answer.metadata.resourceVersion)
      present.set(name, { name, value, revision: write.revision })
    } catch (error) {
      if (error instanceof Error && error.message.includes('was answered')) throw error
      return
    }
  }
}

function askedFor({ kind, name, value }: Write): Asked {
  const path = kind === 'create' ? configMaps : `${configMaps}/${name}`
  if (kind === 'delete') return { method: 'DELETE', path }
  const body = { metadata: { name, labels: { crash: 'yes' } }, data: { value } }
  return jsonBody(kind === 'create' ? 'POST' : 'PUT', path, body)
}

/** Notes what is seen from a revision on. */
function watchFrom(session: ClientHttp2Session, revision: number, seen: Seen[]) {
  const path = `${configMaps}?labelSelector=crash&watch=1&resourceVersion=${revision}`
  const stream = session.request({ ':path': path }, { endStream: true })
  let rest = ''
  stream.on('error', () => {})
  stream.on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as { type: Seen['type']; object: ConfigMap }
      const { name, resourceVersion } = object.metadata
      seen.push({ type, name, value: object.data?.value, revision: Number(resourceVersion) })
    }
  })
  return {
    async until(isWhole: () => boolean): Promise<void> {
      const deadline = performance.now() + PATIENCE_MS
      while (!isWhole() && performance.now() < deadline) await pause(10)
      // What the server did after its last answer may still be on its way.
      await pause(100)
    },
  }
}
