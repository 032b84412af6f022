/** What controllers and a scheduler do with a namespace full of work, from its beginning to its end: told in the same words whoever they are. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { steady } from './differences.ts'
import { APPS, BATCH, COLLECTIONS, CORE, OBJECTS, PLACE, QUOTA, SCALERS } from './story-objects.ts'

const PATIENCE_MS = 120_000
const LOOK_MS = 250
/** Longer than any of them rests before it is done, but for those that look again every quarter of a minute and find the same. */
const CALM_MS = 6000

/** What was seen at each of its moments, by the name of the moment and the path; and who told Events of what. */
export type Told = ReadonlyMap<string, readonly Shown[]>

export async function tell(api: ApiEnd): Promise<Told> {
  const told = new Map<string, readonly Shown[]>()
  const note = async (moment: string) => {
    const shown = await untilCalm(api)
    for (const [path, items] of shown) told.set(`${moment} ${path}`, items.map(plain).sort(byName))
  }
  await until('the node is ready', async () => {
    const { items } = await api.want('GET', '/api/v1/nodes')
    return items.some((node: Shown) => isReady(node) && !node.spec.taints)
  })
  await api.want('POST', '/api/v1/namespaces', { metadata: { name: PLACE } })
  await until('pods can be made', async () => {
    const names = ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']
    const found = await Promise.all(names.map(name => isThere(api, `${CORE}/${name}`)))
    return found.every(Boolean)
  })
  await api.want('POST', `${CORE}/resourcequotas`, QUOTA)
  await until('the quota is in force', async () => {
    const { status } = await api.want('GET', `${CORE}/resourcequotas/quota`)
    return status.used !== undefined
  })
  for (const [path, object] of OBJECTS) await api.want('POST', path, object)
  await until('the slow ones have had their turn', () => hadTheirTurn(api))
  await note('running')

  const image = { spec: { template: { spec: { containers: [{ name: 'main', image: 'web:2' }] } } } }
  for (const name of ['deployments/web', 'statefulsets/db', 'daemonsets/agent'])
    await api.want('PATCH', `${APPS}/${name}`, image, 'application/strategic-merge-patch+json')
  await note('rolled out')
  const events = await api.want('GET', `${CORE}/events`)
  told.set('events', eventsOf(events.items))

  const deletes = (path: string, propagationPolicy: string) =>
    api.want('DELETE', path, { propagationPolicy })
  await deletes(`${APPS}/deployments/web`, 'Foreground')
  await deletes(`${APPS}/statefulsets/db`, 'Orphan')
  await deletes(`${APPS}/statefulsets/kept`, 'Background')
  await deletes(`${BATCH}/jobs/sums`, 'Background')
  await api.want('DELETE', SCALERS)
  await note('partly deleted')
  await api.want('DELETE', `/api/v1/namespaces/${PLACE}`)
  await until(
    'the namespace is gone',
    async () => !(await isThere(api, `/api/v1/namespaces/${PLACE}`)),
  )
  await note('gone')
  return told
}

/** What is in all collections, once nothing changed for a while. */
async function untilCalm(api: ApiEnd): Promise<ReadonlyMap<string, readonly Shown[]>> {
  let before = ''
  let sinceMs = performance.now()
  const shown = new Map<string, readonly Shown[]>()
  await until('nothing changes any more', async () => {
    for (const path of COLLECTIONS) shown.set(path, (await api.want('GET', path)).items)
    const now = JSON.stringify([...shown.values()])
    if (now !== before) sinceMs = performance.now()
    before = now
    return performance.now() - sinceMs > CALM_MS
  })
  return shown
}

/** Upstream's autoscaler looks a quarter of a minute later, and its binder of volumes again, where the claim came before the volume. */
async function hadTheirTurn(api: ApiEnd): Promise<boolean> {
  const scalers = await api.want('GET', SCALERS)
  const claim = await api.want('GET', `${CORE}/persistentvolumeclaims/bound`)
  return (
    claim.status.phase === 'Bound' &&
    scalers.items.every(({ status }: Shown) => status.conditions?.length > 0)
  )
}

async function isThere(api: ApiEnd, path: string): Promise<boolean> {
  const { status, body } = await api.ask('GET', path)
  assert.ok(status === 200 || status === 404, JSON.stringify(body))
  return status === 200
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`)
    await sleep(LOOK_MS)
  }
}

const isReady = (node: Shown): boolean =>
  (node.status.conditions ?? []).some(
    ({ type, status }: Shown) => type === 'Ready' && status === 'True',
  )

/** Names that controllers make up, addresses, and whatever else is another each time. */
const named = (text: string): string =>
  steady(text)
    .replaceAll(/\b(web|db|kept|agent|greedy|paused)-[a-z0-9]{8,10}(-[a-z0-9]{5})?\b/g, '$1-HASH')
    .replaceAll(
      /\b(web|db|kept|agent|old|outside|sums|fails|judged|enough|by-index|gone)(-\d)?-[a-z0-9]{5}\b/g,
      '$1$2-XXXXX',
    )
    .replaceAll(/"((?:pod-template|controller-revision)-hash)":"[a-z0-9-]+"/g, '"$1":"HASH"')
    .replaceAll(/\b10\.244\.\d+\.\d+\b/g, 'POD-ADDRESS')
    .replaceAll(/containerd:\/\/[0-9a-f]{64}/g, 'CONTAINER')
    .replaceAll(/"token":"[^"]+"/g, '"token":"TOKEN"')
    // Who is asked again meets what others use by then.
    .replaceAll(/used: requests\.cpu=\d+m/g, 'used: requests.cpu=…')
    .replaceAll(/-----BEGIN CERTIFICATE[^"]*/g, 'CERTIFICATE')
    .replaceAll(/"ca.crt":"[^"]+"/g, '"ca.crt":"CERTIFICATE"')

/** When a change came that a slice shows, and how often it was written, depends on how many pods were ready by then. */
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'

function plain(object: Shown): Shown {
  const { managedFields: _, generation, annotations, ...metadata } = object.metadata
  const { [TRIGGER]: __, ...others } = annotations ?? {}
  if (Object.keys(others).length > 0) metadata.annotations = others
  if (object.endpoints === undefined) metadata.generation = generation
  const shown = inOrder(JSON.parse(named(JSON.stringify({ ...object, metadata }))))
  // By their addresses, which are given in the order in which pods come to the node.
  shown.endpoints?.sort(byTarget)
  for (const { addresses } of shown.subsets ?? []) addresses?.sort(byTarget)
  return shown
}

/** Which fields come first is no matter here: who wrote an object says nothing of it. */
function inOrder(value: Shown): Shown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(name => [name, inOrder(value[name])]),
  )
}

const byTarget = (one: Shown, other: Shown) =>
  (one.targetRef?.name ?? '') < (other.targetRef?.name ?? '') ? -1 : 1

const byName = (one: Shown, other: Shown) => {
  const [first = '', second = ''] = [one, other].map(
    each => `${each.metadata.name} ${JSON.stringify(each)}`,
  )
  return first < second ? -1 : 1
}

/** Told, or not, as one of them happens to be quicker than another. */
const OF_ITS_OWN_TIME =
  /the object has been modified|waiting for ephemeral volume controller|"by-hand" not found|HorizontalPodAutoscaler nothing|Pod brief: |PersistentVolumeClaim bound/

/** Each once: how often and when is another each time. Those of the kubelet are Proa's everywhere. */
function eventsOf(events: readonly Shown[]): string[] {
  const lines = events.flatMap(event => {
    const { involvedObject, type, reason, message, source, reportingComponent } = event
    const from = source?.component || reportingComponent
    const said = `${from}: ${type} ${reason} of ${involvedObject.kind} ${involvedObject.name}: ${message}`
    return from === 'kubelet' || OF_ITS_OWN_TIME.test(said) ? [] : [named(said)]
  })
  return [...new Set(lines)].sort()
}
