/** Several versions of a kind: one object, seen from several sides. */
import assert from 'node:assert/strict'
import { kinds } from '#api/kinds.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { Check, Shown, Subject } from './testing/subject.ts'

const storedKind = (kind: AnyKind) => kind.storedAs?.kind ?? kind
const otherVersions = (kind: AnyKind) =>
  kinds.filter(other => other !== kind && storedKind(other) === storedKind(kind))

async function sameObject(subject: Subject): Promise<void> {
  const others = otherVersions(subject.kind).map(kind => subject.in(kind))
  const labels = { suite: 'versions' }
  const watched = 'labelSelector=suite%3Dversions&resourceVersion=0'
  const watches = await Promise.all(others.map(other => other.watch(watched)))
  const made = await subject.read(await subject.make({ labels }))
  const at = `/${made.metadata.name}`
  for (const [index, other] of others.entries()) {
    const seen = await other.must(200, 'GET', at)
    assert.equal(seen.apiVersion, apiVersionOf(other.kind))
    assert.deepEqual(seen.metadata, made.metadata)
    const events: readonly Shown[] | undefined = await watches[index]?.take(1)
    assert.deepEqual(events, [{ type: 'ADDED', object: seen }])
    watches[index]?.cancel()
    const put = await other.must(200, 'PUT', at, seen)
    assert.deepEqual(put, seen, 'nothing is lost, so nothing is changed')
  }
  for (const other of others) await writeIn(other, at)
  const [other] = others
  await subject.must(400, 'POST', '', other?.body(subject.newName()))
}

async function writeIn(other: Subject, at: string): Promise<void> {
  const { version } = other.kind
  const patch = { metadata: { labels: { [`of-${version}`]: 'x' } } }
  const changed = await other.mustPatch('merge', `${at}?fieldManager=${version}`, patch)
  const isMine = ({ manager }: Shown) => manager === version
  const entry = changed.metadata.managedFields.find(isMine)
  assert.equal(entry.apiVersion, apiVersionOf(other.kind))
  assert.deepEqual(entry.fieldsV1, { 'f:metadata': { 'f:labels': { [`f:of-${version}`]: {} } } })
}

export const versionChecks: readonly Check[] = [
  {
    title: 'every version shows the same object',
    of: kind => otherVersions(kind).length > 0,
    run: sameObject,
  },
]
