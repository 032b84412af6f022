/** Status, scale, and subresources that are not there. */
import assert from 'node:assert/strict'
import type { AnyKind } from '#api/machinery/kind.ts'
import { mergePatch } from '#api/machinery/patch/merge-patch.ts'
import { type Check, failure, type Shown, type Subject } from './testing/subject.ts'

const hasStatus = ({ subresources }: AnyKind) => subresources.status === true
const hasScale = ({ subresources }: AnyKind) => subresources.scale !== undefined

/** Times that were not given are told as null. */
const withoutNull = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part) => (part === null ? undefined : part)))

async function statusOnly(subject: Subject): Promise<void> {
  const made = await subject.read(await subject.make())
  const at = `/${made.metadata.name}/status`
  assert.deepEqual(await subject.must(200, 'GET', at), made)
  const status = mergePatch(made.status ?? {}, subject.fixture.status ?? {})
  const next = { ...subject.changed(made), status }
  const spoiled = { ...next, metadata: { ...next.metadata, finalizers: ['example.com/no'] } }
  const written = await subject.must(200, 'PUT', `${at}?fieldManager=teller`, spoiled)
  const told = mergePatch(written, { status: subject.fixture.status })
  assert.deepEqual(withoutNull(told), withoutNull(written))
  for (const part of Object.keys(subject.fixture.change))
    if (part !== 'metadata')
      assert.deepEqual(written[part], made[part], `${part} is not the status`)
  assert.equal(written.metadata.generation, made.metadata.generation)
  // Of what nobody owns from its beginning, nobody comes to own anything by an ordinary write.
  if (made.metadata.managedFields) checkTeller(written)
  else assert.equal(written.metadata.managedFields, undefined)
  const stale = await subject.must(409, 'PUT', at, made)
  assert.equal(stale.reason, 'Conflict')
}

function checkTeller(written: Shown): void {
  const teller = written.metadata.managedFields.find((each: Shown) => each.manager === 'teller')
  assert.equal(teller.subresource, 'status')
  assert.equal(teller.operation, 'Update')
  assert.ok('f:status' in teller.fieldsV1)
  assert.deepEqual(
    Object.keys(teller.fieldsV1).filter(key => !/^f:(status|metadata)$/.test(key)),
    [],
  )
}

async function statusKept(subject: Subject): Promise<void> {
  const made = await subject.read(await subject.make())
  const at = `/${made.metadata.name}`
  await subject.mustPatch('merge', `${at}/status`, { status: subject.fixture.status })
  await subject.settled(made)
  const { status } = await subject.read(made)
  const changed = await subject.mustPatch('merge', at, { ...subject.fixture.change, status: null })
  assert.deepEqual(changed.status, status, 'ordinary writes leave the status alone')
  if (KEEPS_STATUS.has(subject.kind.kind)) return
  const bodies = subject.body(subject.newName())
  const told = await subject.must(201, 'POST', '', { ...bodies, status: subject.fixture.status })
  const { status: fresh } = await subject.must(201, 'POST', '', subject.body(subject.newName()))
  assert.deepEqual(told.status, fresh, 'a new object has no status of its creator')
}

/** Nodes tell of themselves as they come; of ServiceCIDRs upstream forgets to look. */
const KEEPS_STATUS = new Set(['Node', 'ServiceCIDR'])

async function statusApplied(subject: Subject): Promise<void> {
  const made = await subject.read(await subject.make())
  const { apiVersion, kind, metadata } = made
  const { name } = metadata
  const body = { apiVersion, kind, metadata: { name }, status: subject.fixture.status }
  const { status, body: answer } = await subject.patch(
    'apply',
    `/${name}/status?fieldManager=teller&force=true`,
    body,
  )
  assert.equal(status, 200, answer?.message)
  const entry = answer.metadata.managedFields.find((each: Shown) => each.manager === 'teller')
  assert.equal(entry.operation, 'Apply')
  assert.equal(entry.subresource, 'status')
  assert.deepEqual(Object.keys(entry.fieldsV1), ['f:status'])
}

async function scale(subject: Subject): Promise<void> {
  const made = await subject.make()
  const at = `/${made.metadata.name}/scale`
  const before = await subject.must(200, 'GET', at)
  assert.equal(before.kind, 'Scale')
  assert.equal(before.apiVersion, 'autoscaling/v1')
  assert.equal(before.metadata.uid, made.metadata.uid)
  assert.deepEqual(before.spec, { replicas: 2 })
  const after = await subject.must(200, 'PUT', at, { ...before, spec: { replicas: 5 } })
  assert.equal(after.spec.replicas, 5)
  const object = await subject.read(made)
  assert.equal(object.spec.replicas, 5)
  assert.equal(object.metadata.generation, subject.kind.hasGeneration ? 2 : undefined)
  // As upstream shows it: a number that is 0 is left out.
  assert.deepEqual((await subject.mustPatch('merge', at, { spec: { replicas: 0 } })).spec, {})
  assert.equal((await subject.read(made)).spec.replicas, 0)
  assert.equal((await subject.must(409, 'PUT', at, before)).reason, 'Conflict')
  assert.equal((await subject.patch('merge', at, { spec: { replicas: -1 } })).status, 422)
}

async function unknown(subject: Subject): Promise<void> {
  const { metadata } = await subject.make()
  const message = 'the server could not find the requested resource'
  const notThere = ['nothing', ...(hasStatus(subject.kind) ? [] : ['status'])]
  if (!hasScale(subject.kind)) notThere.push('scale')
  for (const subresource of notThere)
    for (const method of ['GET', 'PUT'] as const) {
      const body = method === 'PUT' ? {} : undefined
      const answer = await subject.must(404, method, `/${metadata.name}/${subresource}`, body)
      assert.deepEqual(answer, failure(404, 'NotFound', message, {}), subresource)
    }
  const refusal = 'the server does not allow this method on the requested resource'
  const notAllowed = failure(405, 'MethodNotAllowed', refusal, {})
  assert.deepEqual(await subject.must(405, 'POST', `/${metadata.name}`, {}), notAllowed)
  assert.deepEqual(await subject.must(405, 'PUT', '', {}), notAllowed)
  assert.equal((await subject.patch('merge', '', {})).status, 405)
  if (hasStatus(subject.kind)) await subject.must(405, 'DELETE', `/${metadata.name}/status`)
}

export const subresourceChecks: readonly Check[] = [
  { title: 'a write of the status writes nothing else', of: hasStatus, run: statusOnly },
  { title: 'other writes do not write the status', of: hasStatus, run: statusKept },
  { title: 'a status is applied, and owned by itself', of: hasStatus, run: statusApplied },
  { title: 'a scale is the size', of: hasScale, run: scale },
  { title: 'what is not served is 404, what is not done there 405', run: unknown },
]
