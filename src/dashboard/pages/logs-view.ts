/** The log of a container: what was said last, and what is said now. */
import { containersOf } from '../model/containers.ts'
import type { AnyObject } from '../model/health.ts'
import { KeptLines, MAXIMUM_KEPT_LINES } from '../model/kept-lines.ts'
import { createLineReader } from '../model/lines.ts'
import { LogFollower } from '../model/log-stamps.ts'
import { apiPath, withQuery } from '../model/resource.ts'
import { addressOf } from '../model/route.ts'
import { ApiError, isAbort } from './api.ts'
import { oncePerFrame, pause } from './browser.ts'
import { button, h, labelled, replace } from './dom.ts'
import { createLogLines } from './log-lines.ts'
import { errorBox } from './messages.ts'
import type { View, ViewContext } from './object-page.ts'

const TAILS = ['100', '1000', '10000'] as const
/** Of one answer, whatever the lines are. */
const MAXIMUM_BYTES = 8 * 1024 * 1024
const AGAIN_MS = 2_000

export function logsView({ app, resource, route, signal }: ViewContext): View {
  const path = apiPath(resource, {
    namespace: route.namespace,
    name: route.name,
    subresource: 'log',
  })
  const kept = new KeptLines()
  const lines = createLogLines()
  const trouble = h('div')
  const count = h('span', { class: 'muted', attributes: { role: 'status' } })
  let container = route.container
  /** The pod and its containers that are read: another pod of its name is another one. */
  let known = ''
  let reading = new AbortController()
  signal.addEventListener('abort', () => reading.abort(), { once: true })

  const choice = h('select', { on: { change: () => choose() } })
  const tail = h(
    'select',
    { on: { change: () => begin() } },
    ...TAILS.map(value =>
      h('option', { attributes: { value, selected: value === '1000' } }, value),
    ),
  )
  const previous = checkbox('Previous', () => begin())
  const stamps = checkbox('Times', () => begin())
  const wraps = checkbox('Wrap', () => lines.element.classList.toggle('wraps', wraps.box.checked))
  wraps.box.checked = true
  lines.element.classList.add('wraps')
  const filter = h('input', {
    attributes: {
      type: 'search',
      placeholder: 'Part of a line',
      autocomplete: 'off',
      spellcheck: 'false',
    },
    on: { input: () => drawAll() },
  })

  const drawCount = () => {
    const { dropped, all } = kept
    const shown = filter.value ? `${kept.matching(filter.value).length} of ` : ''
    count.textContent = `${shown}${all.length.toLocaleString('en')} lines${dropped > 0 ? `, ${dropped.toLocaleString('en')} earlier ones dropped (the last ${MAXIMUM_KEPT_LINES.toLocaleString('en')} are kept)` : ''}`
  }
  const drawAll = () => {
    kept.takeUndrawn()
    lines.set(kept.matching(filter.value))
    drawCount()
  }
  const drawFresh = oncePerFrame(() => {
    const fresh = kept.takeUndrawn()
    if (filter.value || !fresh) return drawAll()
    lines.add(fresh)
    drawCount()
  }, signal)

  const choose = () => {
    container = choice.value
    history.replaceState(null, '', addressOf({ ...route, container }))
    begin()
  }
  const begin = () => {
    reading.abort()
    reading = new AbortController()
    kept.clear()
    drawAll()
    replace(trouble)
    void read(reading.signal)
  }
  const read = async (until: AbortSignal) => {
    const follower = new LogFollower(stamps.box.checked)
    const take = (some: readonly string[]) => {
      if (until.aborted) return
      kept.add(follower.take(some))
      drawFresh()
    }
    while (!until.aborted) {
      try {
        const query = {
          container,
          timestamps: 'true',
          previous: previous.box.checked,
          ...(follower.last ? { sinceTime: follower.last } : { tailLines: tail.value }),
        }
        const text = await app.api.text(withQuery(path, { ...query, limitBytes: MAXIMUM_BYTES }), {
          signal: until,
        })
        take(text.split('\n').filter(line => line !== ''))
        replace(trouble)
        if (previous.box.checked) return
        const reader = createLineReader()
        const since = follower.last ? { sinceTime: follower.last } : {}
        await app.api.stream(
          withQuery(path, { container, timestamps: 'true', follow: 'true', ...since }),
          { onBytes: bytes => take(reader.push(bytes)) },
          { signal: until },
        )
      } catch (error) {
        if (isAbort(error) || until.aborted) return
        replace(trouble, errorBox(error))
        // A container that has not started yet will; what is not there before will not come.
        if (
          previous.box.checked ||
          (error instanceof ApiError && (error.code === 403 || error.code === 404))
        )
          return
      }
      await pause(AGAIN_MS, until)
    }
  }
  const download = button('Download', () => {
    const anchor = h('a')
    anchor.href = URL.createObjectURL(
      new Blob([`${kept.matching(filter.value).join('\n')}\n`], { type: 'text/plain' }),
    )
    anchor.download = `${route.name}-${container}.log`
    anchor.click()
    URL.revokeObjectURL(anchor.href)
  })
  return {
    element: h(
      'div',
      { class: 'logs' },
      h(
        'div',
        { class: 'filters' },
        labelled('Container', choice),
        labelled('Filter', filter),
        labelled('Lines', tail),
        previous.element,
        stamps.element,
        wraps.element,
        download,
        count,
      ),
      trouble,
      lines.element,
    ),
    draw(object: AnyObject) {
      const names = containersOf(object).map(({ name }) => name)
      const now = [object.metadata.uid, ...names].join()
      if (now === known) return
      known = now
      replace(choice, ...names.map(name => h('option', { attributes: { value: name } }, name)))
      if (!names.includes(container)) container = names[0] ?? ''
      choice.value = container
      begin()
    },
  }
}

export function checkbox(text: string, onChange: () => void) {
  const box = h('input', { attributes: { type: 'checkbox' }, on: { change: onChange } })
  return { box, element: h('label', { class: 'check' }, box, h('span', {}, text)) }
}
