/** Whom an object belongs to, up to the last owner, and what it owns itself. */

import { ageOf } from '../model/age.ts'
import type { AnyObject } from '../model/health.ts'
import { titleOf } from '../model/menu.ts'
import { ownedBy, ownedCandidates, selectorText } from '../model/owned.ts'
import { apiPath, type Resource, resourceOfKind, withQuery } from '../model/resource.ts'
import { objectAddress } from '../model/route.ts'
import type { TableText } from '../model/table.ts'
import { cellText } from '../model/table.ts'
import { toneOfCell } from '../model/tone.ts'
import { keyOf } from './app.ts'
import { every, now } from './browser.ts'
import { h, link, plainTable, replace } from './dom.ts'
import { pill } from './messages.ts'
import type { View, ViewContext } from './object-page.ts'

/** Owners of owners of owners; a circle ends here, too. */
const MAXIMUM_DEPTH = 6
/** Objects that are looked through for each kind, and shown. */
const MAXIMUM_READ = 500
const MAXIMUM_SHOWN = 100
const REFRESH_MS = 5_000

export function ownersLine({ app, route, signal }: ViewContext): View {
  const element = h('p', { class: 'owners' })
  let drawn = ''
  const chainOf = async (object: AnyObject): Promise<HTMLElement[]> => {
    const chain: HTMLElement[] = []
    let current: AnyObject | undefined = object
    for (let depth = 0; current && depth < MAXIMUM_DEPTH; depth++) {
      const owners: AnyObject['metadata']['ownerReferences'] = current.metadata.ownerReferences
      const owner: NonNullable<typeof owners>[number] | undefined =
        owners?.find(({ controller }) => controller) ?? owners?.[0]
      if (!owner) break
      const resource = resourceOfKind(app.resources.values(), owner.apiVersion, owner.kind)
      const text = `${owner.kind} ${owner.name}`
      const namespace = resource?.isNamespaced ? route.namespace : ''
      chain.push(
        resource
          ? link(objectAddress(keyOf(resource), { namespace, name: owner.name }), text)
          : h('span', {}, text),
      )
      current = resource
        ? await app.api
            .json<AnyObject>('GET', apiPath(resource, { namespace, name: owner.name }), undefined, {
              signal,
            })
            .catch(() => undefined)
        : undefined
    }
    return chain
  }
  return {
    element,
    draw(object) {
      const now = JSON.stringify(object.metadata.ownerReferences ?? [])
      if (now === drawn) return
      drawn = now
      void chainOf(object).then(chain =>
        replace(
          element,
          chain.length > 0 && h('span', { class: 'muted' }, 'Owned by '),
          ...chain.flatMap((each, at) =>
            at === 0 ? [each] : [h('span', { class: 'muted' }, ' ← '), each],
          ),
        ),
      )
    },
  }
}

interface Found {
  readonly resource: Resource
  readonly table: TableText
}

export function ownedSection({ app, resource, route, signal }: ViewContext): View {
  const element = h('div')
  const candidates = ownedCandidates(keyOf(resource)).flatMap(key => app.resources.get(key) ?? [])
  const isNode = keyOf(resource) === 'nodes'
  let object: AnyObject | undefined
  let isReading = false

  const read = async (owner: AnyObject, of: Resource): Promise<Found | undefined> => {
    const path = withQuery(apiPath(of, { namespace: of.isNamespaced ? route.namespace : '' }), {
      limit: MAXIMUM_READ,
      // Only what a controller finds by its labels has them for sure.
      labelSelector: ['pods', 'replicasets.apps'].includes(keyOf(of)) ? selectorText(owner) : '',
    })
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const table = await app.api
      .json<TableText>('GET', path, undefined, { accept, signal })
      .catch(() => undefined)
    if (!table) return undefined
    const rows = table.rows ?? []
    const mine = new Set(
      ownedBy(
        owner,
        rows.map(row => row.object as AnyObject),
      ),
    )
    // A Deployment's pods belong to its ReplicaSets; who looks at it wants to see them.
    const isLoose = keyOf(of) === 'pods' && keyOf(resource) === 'deployments.apps'
    const shown = isLoose ? rows : rows.filter(row => mine.has(row.object as AnyObject))
    return shown.length > 0 ? { resource: of, table: { ...table, rows: shown } } : undefined
  }
  const refresh = async () => {
    if (!object || isReading || document.hidden) return
    isReading = true
    const found = isNode
      ? [await podsOfNode(object)]
      : await Promise.all(candidates.map(each => read(object as AnyObject, each)))
    isReading = false
    if (signal.aborted) return
    replace(
      element,
      ...found.map(each => each && ownedTable(each, isNode ? 'Pods on this node' : undefined)),
    )
  }
  const podsOfNode = async ({ metadata }: AnyObject): Promise<Found | undefined> => {
    const pods = app.resources.get('pods')
    if (!pods) return undefined
    const path = withQuery('/api/v1/pods', {
      fieldSelector: `spec.nodeName=${metadata.name}`,
      limit: MAXIMUM_READ,
    })
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const table = await app.api
      .json<TableText>('GET', path, undefined, { accept, signal })
      .catch(() => undefined)
    return table?.rows?.length ? { resource: pods, table } : undefined
  }
  every(REFRESH_MS, () => void refresh(), signal)
  return {
    element,
    draw(next) {
      object = next
      void refresh()
    },
  }
}

function ownedTable({ resource, table }: Found, title = titleOf(resource)): HTMLElement {
  const rows = table.rows ?? []
  const columns = (table.columnDefinitions ?? []).flatMap((column, place) =>
    column.priority ? [] : [{ ...column, place }],
  )
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, title, h('span', { class: 'muted' }, ` ${rows.length}`)),
    plainTable(
      columns.map(({ name }) => name),
      rows.slice(0, MAXIMUM_SHOWN).map(row => {
        const { name = '', namespace, creationTimestamp } = row.object.metadata
        return h(
          'tr',
          {},
          ...columns.map(column => {
            const isAge = column.name === 'Age' && creationTimestamp
            const text = isAge ? ageOf(creationTimestamp, now()) : cellText(row.cells[column.place])
            const tone = toneOfCell(column.name, text, resource.kind)
            if (column.place === 0)
              return h('td', {}, link(objectAddress(keyOf(resource), { name, namespace }), text))
            return h('td', {}, tone === 'plain' ? text : pill(text, tone))
          }),
        )
      }),
    ),
    rows.length > MAXIMUM_SHOWN &&
      h('p', { class: 'muted' }, `and ${rows.length - MAXIMUM_SHOWN} more`),
  )
}
