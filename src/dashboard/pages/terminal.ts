/** Draws a terminal's screen, and takes what is typed. */
import { type Line, Screen } from '../model/screen.ts'
import { paletteColour, type Style } from '../model/screen-style.ts'
import { bytesOfKey } from '../model/terminal-keys.ts'
import { oncePerFrame } from './browser.ts'
import { h } from './dom.ts'

export interface Terminal {
  readonly element: HTMLElement
  readonly columns: number
  readonly rows: number
  write(text: string): void
  clear(): void
  focus(): void
}

export interface TerminalOptions {
  readonly onInput: (text: string) => void
  readonly onSize: (columns: number, rows: number) => void
  readonly signal: AbortSignal
}

const END_PX = 40

export function createTerminal({ onInput, onSize, signal }: TerminalOptions): Terminal {
  let screen = new Screen(80, 24, onInput)
  let drawnHistory = 0
  const above = h('div')
  const lines = h('div')
  const probe = h('span', { class: 'probe', attributes: { 'aria-hidden': 'true' } }, 'MMMMMMMMMM')
  const area = h('textarea', {
    class: 'terminal-input',
    attributes: {
      'aria-label': 'Terminal',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
    },
    on: {
      keydown: event => onKey(event as KeyboardEvent),
      input: () => {
        if (!isComposing) send()
      },
      compositionstart: () => {
        isComposing = true
      },
      compositionend: () => {
        isComposing = false
        send()
      },
      paste: event => onPaste(event as ClipboardEvent),
    },
  })
  const view = h(
    'div',
    {
      class: 'terminal-lines',
      attributes: { role: 'log', 'aria-label': 'Screen', 'aria-live': 'off' },
    },
    above,
    lines,
  )
  const element = h(
    'div',
    {
      class: 'terminal',
      on: {
        mouseup: () => {
          // Who selects wants to copy.
          if (!getSelection()?.toString()) area.focus({ preventScroll: true })
        },
      },
    },
    view,
    area,
    probe,
  )
  let isComposing = false

  const send = () => {
    if (area.value !== '') onInput(area.value)
    area.value = ''
    view.scrollTop = view.scrollHeight
  }
  const onKey = (event: KeyboardEvent) => {
    if (isComposing) return
    if (event.key === 'Escape' && event.ctrlKey && event.shiftKey) {
      event.preventDefault()
      document.querySelector<HTMLElement>('.tabs a[aria-current]')?.focus()
      return
    }
    const hasSelection = (getSelection()?.toString() ?? '') !== ''
    if (event.ctrlKey && event.key === 'c' && hasSelection) return
    if (event.ctrlKey && event.key === 'v') return
    const bytes = bytesOfKey(event, screen.hasApplicationKeys)
    if (bytes === undefined) return
    event.preventDefault()
    onInput(bytes)
    view.scrollTop = view.scrollHeight
  }
  const onPaste = (event: ClipboardEvent) => {
    event.preventDefault()
    const text = (event.clipboardData?.getData('text') ?? '').replace(/\r?\n/g, '\r')
    // A pasted end of the paste would let the rest of it be commands.
    const safe = text.replaceAll('\x1b', '')
    onInput(screen.hasBracketedPaste ? `\x1b[200~${safe}\x1b[201~` : safe)
  }

  const draw = oncePerFrame(() => {
    const isAtEnd = view.scrollHeight - view.scrollTop - view.clientHeight < END_PX
    const { history } = screen
    if (drawnHistory > history.length) {
      above.replaceChildren()
      drawnHistory = 0
    }
    for (; drawnHistory < history.length; drawnHistory++)
      above.append(drawLine(history[drawnHistory] ?? []))
    // An editor has the whole screen.
    above.hidden = screen.isOther
    const drawn = screen.lines.map((line, y) =>
      drawLine(line, y === screen.y && screen.isCursorShown ? screen.x : undefined),
    )
    lines.replaceChildren(...drawn)
    if (isAtEnd) view.scrollTop = view.scrollHeight
  }, signal)

  const measure = () => {
    const letter = probe.getBoundingClientRect()
    if (letter.width === 0 || view.clientWidth === 0) return
    const columns = Math.min(
      500,
      Math.max(20, Math.floor((view.clientWidth - 16) / (letter.width / 10))),
    )
    const rows = Math.min(200, Math.max(5, Math.floor((view.clientHeight - 16) / letter.height)))
    if (columns === screen.columns && rows === screen.rows) return
    screen.resize(columns, rows)
    onSize(columns, rows)
    draw()
  }
  const observer = new ResizeObserver(measure)
  observer.observe(view)
  signal.addEventListener('abort', () => observer.disconnect(), { once: true })
  draw()
  return {
    element,
    get columns() {
      return screen.columns
    },
    get rows() {
      return screen.rows
    },
    write(text) {
      const before = screen.history.length
      screen.write(text)
      // The oldest lines went: what is drawn of them goes with them.
      if (
        before === screen.history.length &&
        drawnHistory >= before &&
        before > 0 &&
        !screen.isOther
      )
        drawnHistory = Number.POSITIVE_INFINITY
      draw()
    },
    clear() {
      screen = new Screen(screen.columns, screen.rows, onInput)
      above.replaceChildren()
      drawnHistory = 0
      draw()
    },
    focus: () => area.focus({ preventScroll: true }),
  }
}

/** Cells of one style are one element. */
function drawLine(line: Line, cursor?: number): HTMLElement {
  const element = h('div')
  const length = Math.max(line.length, cursor === undefined ? 0 : cursor + 1)
  let run = ''
  let runStyle: Style | undefined
  const end = () => {
    if (run !== '') element.append(styled(run, runStyle))
    run = ''
  }
  for (let x = 0; x < length; x++) {
    const cell = line[x]
    if (x === cursor) {
      end()
      const under = styled(cell?.letter ?? ' ', cell?.style)
      const block = under instanceof HTMLElement ? under : h('span', {}, under)
      block.classList.add('cursor')
      element.append(block)
      continue
    }
    if (cell?.style !== runStyle) {
      end()
      runStyle = cell?.style
    }
    run += cell?.letter ?? ' '
  }
  end()
  if (length === 0) element.append('\u200b')
  return element
}

function styled(text: string, style: Style | undefined): HTMLElement | Text {
  if (!style || Object.values(style).every(value => value === undefined))
    return document.createTextNode(text)
  const { colour, background, isBold, isFaint, isItalic, isUnderlined, isInverse } = style
  const span = h('span', {}, text)
  paint(span, isInverse ? (background ?? 'back') : colour, 'colour')
  paint(span, isInverse ? (colour ?? 'front') : background, 'background')
  span.classList.toggle('bold', isBold === true)
  span.classList.toggle('faint', isFaint === true)
  span.classList.toggle('italic', isItalic === true)
  span.classList.toggle('underlined', isUnderlined === true)
  return span
}

/** The first sixteen are the page's, by class; others are as they are. */
function paint(
  span: HTMLElement,
  colour: number | string | undefined,
  what: 'colour' | 'background',
): void {
  if (colour === undefined) return
  const property = what === 'colour' ? 'color' : 'background-color'
  if (typeof colour === 'number' && colour < 16) span.classList.add(`${what}-${colour}`)
  else if (colour === 'front' || colour === 'back') span.classList.add(`${what}-${colour}`)
  else
    span.style.setProperty(
      property,
      typeof colour === 'number' ? (paletteColour(colour) ?? '') : colour,
    )
}
