/** The buttons of an object: what its kind can have done, and deletion. Who may not is told why. */
import {
  type Action,
  type ActionRequest,
  actionsFor,
  deleteRequest,
  PROPAGATION,
  type Propagation,
  replicasIn,
  scaleRequest,
} from '../model/actions.ts'
import type { AnyObject } from '../model/health.ts'
import { apiPath, type Resource } from '../model/resource.ts'
import { listAddress } from '../model/route.ts'
import { errorText } from './api.ts'
import { type App, guard, keyOf } from './app.ts'
import { openDialog } from './dialogs.ts'
import { button, h, labelled, replace } from './dom.ts'
import { openDrain } from './drain.ts'

export interface ActionBar {
  readonly element: HTMLElement
  draw(object: AnyObject): void
  clear(): void
}

export function createActionBar(app: App, resource: Resource): ActionBar {
  const element = h('div', { class: 'actions' })
  let drawn = ''
  let object: AnyObject
  return {
    element,
    draw(next) {
      object = next
      const actions = actionsFor(next, resource)
      // Made anew only where they differ: a button must not go from under a finger.
      const now = actions.map(({ id }) => id).join()
      if (drawn === now && element.childElementCount > 0) return
      drawn = now
      replace(
        element,
        ...actions.map(action => {
          const control = button(
            action.label,
            () => void start(app, resource, action, () => object),
          )
          guard(app, control, action.rights)
          return control
        }),
        deleteButton(app, resource, () => object),
      )
    },
    clear: () => replace(element),
  }
}

async function start(
  app: App,
  resource: Resource,
  action: Action,
  object: () => AnyObject,
): Promise<void> {
  if (action.id === 'scale') return openScale(app, resource, object())
  if (action.id === 'drain') return openDrain(app, resource, object())
  // What the object is by now says what is sent.
  const act = async () => {
    const request = actionsFor(object(), resource).find(({ id }) => id === action.id)?.request
    if (!request) return 'This is not possible any more.'
    return send(app, request(new Date()), action.done)
  }
  if (action.question === undefined) {
    const wrong = await act()
    if (wrong !== undefined) app.tell(wrong, 'bad')
    return
  }
  await openDialog({
    title: action.label,
    content: [h('p', {}, action.question)],
    action: action.label,
    act,
  })
}

/** What went wrong, if anything. */
async function send(app: App, request: ActionRequest, done: string): Promise<string | undefined> {
  const { method, path, body, contentType } = request
  try {
    await app.api.json(method, path, body, {
      ...(contentType ? { contentType } : {}),
      onWarning: text => app.tell(text, 'bad'),
    })
    app.tell(`${done}.`)
    return undefined
  } catch (error) {
    return errorText(error)
  }
}

interface Scale {
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number }
}

async function openScale(app: App, resource: Resource, object: AnyObject): Promise<void> {
  const { namespace, name = '' } = object.metadata
  let scale: Scale
  try {
    const path = apiPath(resource, { namespace, name, subresource: 'scale' })
    scale = await app.api.json<Scale>('GET', path)
  } catch (error) {
    return app.tell(errorText(error), 'bad')
  }
  const before = scale.spec?.replicas ?? 0
  const field = h('input', {
    attributes: { type: 'number', min: '0', value: String(before), autocomplete: 'off' },
  })
  await openDialog({
    title: `Scale ${name}`,
    content: [
      h('p', {}, `${before} wanted, ${scale.status?.replicas ?? 0} there.`),
      labelled('Replicas', field, { class: 'field' }),
    ],
    action: 'Scale',
    act: async () => {
      const replicas = replicasIn(field.value)
      if (typeof replicas === 'string') return replicas
      return send(app, scaleRequest(resource, object, replicas), `${name} is scaled to ${replicas}`)
    },
  })
}

function deleteButton(app: App, resource: Resource, object: () => AnyObject): HTMLButtonElement {
  const control = button('Delete…', () => void openDelete(app, resource, object()), {
    class: 'danger',
  })
  const { namespace, name } = object().metadata
  guard(app, control, [
    { verb: 'delete', group: resource.group, resource: resource.plural, namespace, name },
  ])
  return control
}

async function openDelete(app: App, resource: Resource, object: AnyObject): Promise<void> {
  const { name = '', namespace = '', finalizers = [] } = object.metadata
  const choices = PROPAGATION.map(({ value, label }, at) => {
    const radio = h('input', {
      attributes: { type: 'radio', name: 'propagation', value, checked: at === 0 },
    })
    return { radio, value, element: h('label', { class: 'choice' }, radio, h('span', {}, label)) }
  })
  const chosen = (): Propagation =>
    choices.find(({ radio }) => radio.checked)?.value ?? 'Background'
  const what = `${resource.kind} ${name}${namespace ? ` in namespace ${namespace}` : ''}`
  const isDeleted = await openDialog({
    title: `Delete ${name}?`,
    content: [
      h('p', {}, `${what} is deleted for everybody.`),
      finalizers.length > 0 &&
        h('p', { class: 'muted' }, `It goes when ${finalizers.join(', ')} has agreed.`),
      h('fieldset', {}, h('legend', {}, 'What it owns'), ...choices.map(({ element }) => element)),
    ],
    action: 'Delete',
    isDangerous: true,
    act: async () => {
      const { method, path, body } = deleteRequest(resource, object, chosen())
      try {
        await app.api.json(method, path, body)
        return undefined
      } catch (error) {
        return errorText(error)
      }
    },
  })
  if (!isDeleted) return
  app.tell(`${name} is deleted.`)
  location.hash = listAddress(keyOf(resource), { namespace })
}
