/** A command in a container, at a terminal: a shell, unless something else is wanted. */
import { containersOf } from '../model/containers.ts'
import {
  decodeMessage,
  ERROR,
  EXEC_PROTOCOL,
  encodeMessage,
  endText,
  STDERR,
  STDIN,
  STDOUT,
  sizeMessage,
} from '../model/exec-channels.ts'
import type { AnyObject } from '../model/health.ts'
import { apiPath } from '../model/resource.ts'
import { errorText } from './api.ts'
import { button, h, labelled, replace } from './dom.ts'
import type { View, ViewContext } from './object-page.ts'
import { createTerminal } from './terminal.ts'

/** bash where there is one. */
const SHELL =
  'export TERM=xterm-256color; if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi'
const USUAL = '/bin/sh'
const encoder = new TextEncoder()

export function terminalView({ app, resource, route, signal }: ViewContext): View {
  const choice = h('select')
  const command = h('input', {
    attributes: { value: USUAL, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' },
  })
  const state = h('span', { class: 'muted', attributes: { role: 'status' } })
  let socket: WebSocket | undefined
  const send = (channel: number, text: string) => {
    if (socket?.readyState === WebSocket.OPEN)
      socket.send(encodeMessage(channel, encoder.encode(text)))
  }
  const terminal = createTerminal({
    onInput: text => send(STDIN, text),
    onSize: (columns, rows) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(sizeMessage(columns, rows))
    },
    signal,
  })
  const right = {
    verb: 'create',
    group: '',
    resource: 'pods',
    subresource: 'exec',
    namespace: route.namespace,
    name: route.name,
  }
  const open = async () => {
    socket?.close()
    const { isAllowed, reason } = await app.access.may(right)
    if (signal.aborted) return
    if (!isAllowed) {
      state.textContent = reason
      return
    }
    const words = command.value.trim() === USUAL ? ['/bin/sh', '-c', SHELL] : wordsOf(command.value)
    const query = new URLSearchParams({
      container: choice.value,
      stdin: 'true',
      stdout: 'true',
      tty: 'true',
    })
    for (const word of words) query.append('command', word)
    const path = apiPath(resource, {
      namespace: route.namespace,
      name: route.name,
      subresource: 'exec',
    })
    state.textContent = 'Connecting…'
    terminal.clear()
    const opened = app.api.socket(`${path}?${query}`, EXEC_PROTOCOL)
    socket = opened
    const decoders = new Map([STDOUT, STDERR].map(channel => [channel, new TextDecoder()]))
    let told: string | undefined
    opened.onopen = () => {
      state.textContent = `Connected to ${choice.value}`
      opened.send(sizeMessage(terminal.columns, terminal.rows))
      terminal.focus()
    }
    opened.onmessage = ({ data }) => {
      if (!(data instanceof ArrayBuffer) || socket !== opened) return
      const message = decodeMessage(new Uint8Array(data))
      if (!message) return
      if (message.channel === ERROR) told = endOf(message.bytes)
      const text = decoders.get(message.channel)?.decode(message.bytes, { stream: true })
      if (text) terminal.write(text)
    }
    opened.onclose = () => {
      if (socket !== opened || signal.aborted) return
      state.textContent =
        told === undefined ? 'The connection ended.' : `Ended${told && `: ${told}`}`
    }
  }
  const connect = button(
    'Connect',
    () => void open().catch(error => app.tell(errorText(error), 'bad')),
    { class: 'primary' },
  )
  signal.addEventListener('abort', () => socket?.close(), { once: true })
  return {
    element: h(
      'div',
      { class: 'terminal-view' },
      h(
        'div',
        { class: 'filters' },
        labelled('Container', choice),
        labelled('Command', command),
        connect,
        state,
        h('span', { class: 'space' }),
        h('span', { class: 'muted' }, 'Ctrl Shift Esc leaves the terminal'),
      ),
      terminal.element,
    ),
    draw(object: AnyObject) {
      const names = containersOf(object).map(({ name }) => name)
      if (names.length === choice.options.length) return
      replace(choice, ...names.map(name => h('option', { attributes: { value: name } }, name)))
      choice.value = names.includes(route.container) ? route.container : (names[0] ?? '')
      if (socket === undefined) void open().catch(error => app.tell(errorText(error), 'bad'))
    },
  }
}

function endOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  try {
    return endText(JSON.parse(text))
  } catch {
    return text
  }
}

/** As a shell parts simple words, quotes included. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single),
  )
}
