/** The text of an object, to read and to change. A change is tried on the server before it is made, what is wrong is told at its line, and nobody's change is overwritten unseen. */
import { parseYaml } from '#api/machinery/yaml.ts'
import { writeYaml } from '#api/machinery/yaml-writer.ts'
import {
  changedByOthers,
  type FieldProblem,
  fieldProblems,
  rebased,
  toSend,
  withoutManagedFields,
} from '../model/edit.ts'
import type { AnyObject } from '../model/health.ts'
import { apiPath, withQuery } from '../model/resource.ts'
import { isSecret, withHiddenValues } from '../model/secrets.ts'
import { lineOfField } from '../model/yaml-places.ts'
import { ApiError, errorText } from './api.ts'
import { guard } from './app.ts'
import { diffView } from './diff-view.ts'
import { button, h, replace } from './dom.ts'
import { createEditor } from './editor.ts'
import { errorBox } from './messages.ts'
import type { View, ViewContext } from './object-page.ts'

/** Status changes come between all the time; a change that is meant does not. */
const MAXIMUM_TRIES = 4

export function yamlView({ app, resource, route }: ViewContext): View {
  const path = apiPath(resource, { namespace: route.namespace, name: route.name })
  const hasStatus = resource.subresources.includes('status')
  const editor = createEditor(`YAML of ${route.name}`)
  const below = h('div', { class: 'yaml-below', attributes: { 'aria-live': 'polite' } })
  let latest: AnyObject | undefined
  /** What the text was made of, while it is edited. */
  let base: AnyObject | undefined

  const fields = checkbox('Managed fields', () => draw())
  const values = checkbox('Show secret values', () => draw())
  const edit = button('Edit', () => begin(), { class: 'primary' })
  guard(app, edit, [
    {
      verb: 'update',
      group: resource.group,
      resource: resource.plural,
      namespace: route.namespace,
      name: route.name,
    },
  ])
  const check = button('Check', () => void run(true))
  const save = button('Save', () => void run(false), { class: 'primary' })
  const cancel = button('Cancel', () => leave())
  const tools = h('div', { class: 'tools' })

  const textOf = (object: AnyObject) =>
    writeYaml(fields.box.checked ? object : withoutManagedFields(object))
  const draw = () => {
    if (!latest) return
    const isEditing = base !== undefined
    values.element.hidden = !isSecret(latest) || isEditing
    fields.element.hidden = isEditing
    if (!isEditing) editor.set(textOf(values.box.checked ? latest : withHiddenValues(latest)), true)
    const wanted = isEditing ? [check, save, cancel] : [edit, fields.element, values.element]
    if (tools.firstChild !== wanted[0]) replace(tools, ...wanted)
  }
  const begin = () => {
    base = latest
    if (!base) return
    fields.box.checked = false
    editor.set(textOf(base), false)
    replace(below)
    draw()
    editor.focus()
  }
  const leave = () => {
    base = undefined
    editor.mark([])
    replace(below)
    draw()
    edit.focus()
  }

  /** The object that the text describes, or undefined after saying what is wrong with it. */
  const read = (): AnyObject | undefined => {
    try {
      const object = parseYaml(new TextEncoder().encode(editor.text))
      if (
        typeof object !== 'object' ||
        object === null ||
        Array.isArray(object) ||
        !('metadata' in object)
      )
        throw new Error('An object has kind, apiVersion and metadata.')
      return object as AnyObject
    } catch (error) {
      const [, line] = /line (\d+)/.exec(errorText(error)) ?? []
      tellProblems('This is not YAML of an object', [
        {
          field: '',
          message: errorText(error),
          line: line === undefined ? undefined : Number(line) - 1,
        },
      ])
      return undefined
    }
  }

  const run = async (isDryRun: boolean): Promise<void> => {
    editor.mark([])
    const edited = read()
    if (!edited || !base) return
    for (const each of [check, save]) each.disabled = true
    replace(below, h('p', { class: 'muted' }, isDryRun ? 'The server looks at it…' : 'Saving…'))
    try {
      await send(edited, base, isDryRun)
    } catch (error) {
      tellRefusal(error)
    }
    for (const each of [check, save]) each.disabled = false
  }

  const send = async (edited: AnyObject, from: AnyObject, isDryRun: boolean): Promise<void> => {
    const target = withQuery(path, {
      fieldValidation: 'Strict',
      dryRun: isDryRun ? 'All' : undefined,
    })
    for (let tries = 1; ; tries++) {
      const newest = latest ?? from
      if (changedByOthers(from, newest, hasStatus)) return tellConflict(edited, from, newest)
      try {
        const warnings: string[] = []
        const result = await app.api.json<AnyObject>('PUT', target, toSend(from, edited, newest), {
          onWarning: text => warnings.push(text),
        })
        for (const text of warnings) app.tell(text, 'bad')
        if (isDryRun) return tellChanges(newest, result)
        latest = result
        leave()
        app.tell(`${route.name} is saved.`)
        return
      } catch (error) {
        const isConflict = error instanceof ApiError && error.status.reason === 'Conflict'
        if (!isConflict || tries >= MAXIMUM_TRIES) throw error
        latest = await app.api.json<AnyObject>('GET', path)
      }
    }
  }

  const tellChanges = (before: AnyObject, after: AnyObject) => {
    const [one, other] = [before, after].map(each => writeYaml(withoutVersion(each, hasStatus)))
    replace(
      below,
      h(
        'div',
        { class: 'box tone-good' },
        h(
          'strong',
          {},
          one === other
            ? 'The server takes it; nothing changes.'
            : 'The server takes it. This changes:',
        ),
      ),
      one !== other && diffView(one ?? '', other ?? ''),
    )
  }

  const tellConflict = (edited: AnyObject, from: AnyObject, newest: AnyObject) => {
    replace(
      below,
      h(
        'div',
        { class: 'box tone-bad', attributes: { role: 'alert' } },
        h(
          'div',
          {},
          h('strong', {}, 'Somebody else changed it while you did'),
          h('p', {}, 'Nothing was saved. This is what they changed:'),
          diffView(
            writeYaml(withoutVersion(from, hasStatus)),
            writeYaml(withoutVersion(newest, hasStatus)),
          ),
          h(
            'div',
            { class: 'tools' },
            button(
              'Put my changes onto theirs',
              () => {
                base = newest
                editor.set(
                  writeYaml(withoutManagedFields(rebased(from, edited, newest, hasStatus))),
                  false,
                )
                replace(below, h('p', {}, 'These are both. Look at them, then save.'))
                editor.focus()
              },
              { class: 'primary' },
            ),
            button('Drop my changes', () => leave()),
          ),
        ),
      ),
    )
  }

  const tellRefusal = (error: unknown) => {
    const problems = error instanceof ApiError ? fieldProblems(error.status) : []
    if (problems.length === 0) return replace(below, errorBox(error))
    tellProblems(
      'The server does not take it',
      problems.map(each => ({
        ...each,
        line: each.field === '' ? undefined : lineOfField(editor.text, each.field),
      })),
    )
  }

  const tellProblems = (
    title: string,
    problems: readonly (FieldProblem & { line: number | undefined })[],
  ) => {
    editor.mark(
      problems.flatMap(({ line, message }) => (line === undefined ? [] : [{ line, message }])),
    )
    replace(
      below,
      h(
        'div',
        { class: 'box tone-bad', attributes: { role: 'alert' } },
        h(
          'div',
          {},
          h('strong', {}, title),
          h(
            'ul',
            {},
            ...problems.map(({ field, message, line }) =>
              h(
                'li',
                {},
                line !== undefined &&
                  button(`Line ${line + 1}`, () => editor.goTo(line), { class: 'link' }),
                ' ',
                field !== '' && h('code', {}, field),
                field !== '' && ': ',
                message,
              ),
            ),
          ),
        ),
      ),
    )
    const [first] = problems
    if (first?.line !== undefined) editor.goTo(first.line)
  }

  return {
    element: h('div', { class: 'yaml' }, tools, editor.element, below),
    draw(object) {
      latest = object
      draw()
    },
  }
}

/** Who made which change and when is not what a difference is about. */
function withoutVersion(object: AnyObject, hasStatus: boolean): AnyObject {
  const shown = withoutManagedFields(withHiddenValues(object))
  const { resourceVersion: _, generation: __, ...metadata } = shown.metadata
  const { status, ...rest } = shown
  return { ...rest, metadata, ...(hasStatus || status === undefined ? {} : { status }) }
}

function checkbox(text: string, onChange: () => void) {
  const box = h('input', { attributes: { type: 'checkbox' }, on: { change: onChange } })
  return { box, element: h('label', { class: 'check' }, box, h('span', {}, text)) }
}
