/** What upstream's controller tells of slices. */
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { isStatus } from '#api/machinery/status.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import { type Look, type Outcome, type Write, writesOf } from '../runner/controller.ts'

/** The most endpoints that go into one slice. */
const FULL_SLICE = 100
const PER_SYNC_BOUNDS = exponentialBounds(2, 2, 15)
/** Prometheus' usual ones. */
const CHANGED_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const name = (text: string) => `endpoint_slice_controller_${text}`

export interface SliceOutcome extends Outcome {
  /** Endpoints that came and went. */
  readonly moved?: { readonly added: number; readonly removed: number }
}

export interface SliceViews {
  /** Those that the controller manages. */
  own(): readonly EndpointSlice[]
  /** Of the Service of this key; '' where it says nothing. */
  trafficDistributionOf(service: string): string
}

export function countSlices(book: FigureBook, views: SliceViews): (look: Look) => void {
  showSlices(book, views)
  const syncs = book.counter(name('syncs'), 'Looks at Services.', ['result'])
  const changes = book.counter(name('changes'), 'Slices that were written.', ['operation'])
  const added = book.histogram(
    name('endpoints_added_per_sync'),
    'Endpoints that one look at a Service adds.',
    PER_SYNC_BOUNDS,
  )
  const removed = book.histogram(
    name('endpoints_removed_per_sync'),
    'Endpoints that one look at a Service takes away.',
    PER_SYNC_BOUNDS,
  )
  const changed = book.histogram(
    name('endpointslices_changed_per_sync'),
    'Slices that one look at a Service writes.',
    CHANGED_BOUNDS,
    ['topology', 'traffic_distribution'],
  )
  return ({ key, outcome, error }) => {
    syncs.add([resultOf(error)])
    if (!outcome || error !== undefined) return
    const writes = writesOf(outcome).filter(
      write => write.verb !== 'event' && write.kind === endpointSlice,
    )
    for (const { verb } of writes) changes.add([verb])
    const { moved } = outcome as SliceOutcome
    added.observe([], moved?.added ?? 0)
    removed.observe([], moved?.removed ?? 0)
    changed.observe(['Disabled', views.trafficDistributionOf(key)], writes.length)
  }
}

function showSlices(book: FigureBook, { own }: SliceViews): void {
  const gauge = (figure: string, help: string, of: () => number) =>
    book.gauge(name(figure), help, () => [{ labels: {}, value: of() }])
  const count = (slices: readonly EndpointSlice[]) =>
    slices.reduce((sum, { endpoints }) => sum + (endpoints?.length ?? 0), 0)
  gauge('num_endpoint_slices', 'Slices of Services.', () => own().length)
  gauge('endpoints_desired', 'Endpoints in all slices.', () => count(own()))
  gauge('desired_endpoint_slices', 'Slices that there would be if each were full.', () => {
    const groups = Map.groupBy(own(), ({ metadata, addressType, ports }) =>
      JSON.stringify([metadata.namespace, metadata.ownerReferences, addressType, ports]),
    )
    return groups
      .values()
      .reduce((sum, slices) => sum + Math.max(1, Math.ceil(count(slices) / FULL_SLICE)), 0)
  })
}

function resultOf(error: unknown): 'success' | 'stale' | 'error' {
  if (error === undefined) return 'success'
  const cause = error instanceof Error && error.cause ? error.cause : error
  return isStatus(cause, 'Conflict', 'NotFound') ? 'stale' : 'error'
}

/** How many addresses the writes bring and take; `slices` are as they were before. */
export function movesIn(
  writes: readonly Write[],
  slices: readonly EndpointSlice[],
): NonNullable<SliceOutcome['moved']> {
  const moved = { added: 0, removed: 0 }
  for (const write of writes) {
    if (write.verb === 'event' || write.verb === 'patch') continue
    const { uid } = write.object.metadata
    const before = uid ? slices.find(slice => slice.metadata.uid === uid) : undefined
    const old = addressesOf(before)
    const next = write.verb === 'delete' ? new Set<string>() : addressesOf(write.object)
    moved.added += countBeyond(next, old)
    moved.removed += countBeyond(old, next)
  }
  return moved
}

const addressesOf = (slice: object | undefined): ReadonlySet<string> =>
  new Set(
    ((slice as EndpointSlice | undefined)?.endpoints ?? []).flatMap(({ addresses }) => addresses),
  )

const countBeyond = (some: ReadonlySet<string>, others: ReadonlySet<string>): number =>
  [...some].filter(each => !others.has(each)).length
