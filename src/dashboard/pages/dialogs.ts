/** Questions before something is done. The browser's own dialogs keep the focus within and give it back. */
import { append, button, type Child, h } from './dom.ts'

export interface DialogOptions {
  readonly title: string
  readonly content: readonly Child[]
  /** What the button says that does it; without one there is only something to read. */
  readonly action?: string
  readonly isDangerous?: boolean
  /** Does it. The dialog stays, with what is wrong, where this gives a sentence; it cannot be sent twice meanwhile. */
  readonly act?: (tell: (text: string) => void) => Promise<string | undefined>
  readonly class?: string
}

/** Resolves when it is closed, with whether it was done. */
export function openDialog(options: DialogOptions): Promise<boolean> {
  return new Promise(resolve => {
    let isDone = false
    const problem = h('p', { class: 'problem', attributes: { role: 'alert' } })
    const cancel = button(options.action ? 'Cancel' : 'Close', () => dialog.close())
    const go = h(
      'button',
      { class: options.isDangerous ? 'danger' : 'primary', attributes: { type: 'submit' } },
      options.action,
    )
    const form = h(
      'form',
      {
        on: {
          submit: event => {
            event.preventDefault()
            void send()
          },
        },
      },
      h('h2', { attributes: { id: 'dialog-title' } }, options.title),
    )
    append(form, options.content)
    // What is wrong is told in our own words, where readers of screens hear it.
    form.noValidate = true
    form.append(problem, h('div', { class: 'dialog-buttons' }, cancel, options.action ? go : null))
    const dialog = h(
      'dialog',
      {
        class: options.class ?? '',
        attributes: { 'aria-labelledby': 'dialog-title' },
        on: {
          close: () => {
            dialog.remove()
            resolve(isDone)
          },
        },
      },
      form,
    )
    const send = async () => {
      if (!options.act || go.disabled) return
      go.disabled = true
      problem.textContent = ''
      const wrong = await options.act(text => {
        problem.textContent = text
      })
      go.disabled = false
      if (wrong !== undefined) {
        problem.textContent = wrong
        return
      }
      isDone = true
      dialog.close()
    }
    document.body.append(dialog)
    dialog.showModal()
  })
}
