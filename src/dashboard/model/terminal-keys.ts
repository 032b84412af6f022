/** What a key says to a program in a terminal. */

export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
}

const ARROWS: Readonly<Record<string, string>> = {
  ArrowUp: 'A',
  ArrowDown: 'B',
  ArrowRight: 'C',
  ArrowLeft: 'D',
  Home: 'H',
  End: 'F',
}
const NAMED: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\x7f',
  Tab: '\t',
  Escape: '\x1b',
  Insert: '\x1b[2~',
  Delete: '\x1b[3~',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
  F1: '\x1bOP',
  F2: '\x1bOQ',
  F3: '\x1bOR',
  F4: '\x1bOS',
  F5: '\x1b[15~',
  F6: '\x1b[17~',
  F7: '\x1b[18~',
  F8: '\x1b[19~',
  F9: '\x1b[20~',
  F10: '\x1b[21~',
  F12: '\x1b[24~',
}

/** Undefined for what the browser is to do, such as pasting, and for letters, which come as text. */
export function bytesOfKey(press: KeyPress, hasApplicationKeys: boolean): string | undefined {
  const { key, ctrlKey, altKey, metaKey, shiftKey } = press
  if (metaKey || (ctrlKey && shiftKey)) return undefined
  const arrow = ARROWS[key]
  if (arrow !== undefined) {
    const modifier = 1 + (shiftKey ? 1 : 0) + (altKey ? 2 : 0) + (ctrlKey ? 4 : 0)
    if (modifier > 1) return `\x1b[1;${modifier}${arrow}`
    return `\x1b${hasApplicationKeys ? 'O' : '['}${arrow}`
  }
  if (key === 'Tab' && shiftKey) return '\x1b[Z'
  const named = NAMED[key]
  if (named !== undefined) return altKey ? `\x1b${named}` : named
  if (key.length !== 1) return undefined
  if (ctrlKey && !altKey) return controlOf(key)
  return altKey && !ctrlKey ? `\x1b${key}` : undefined
}

function controlOf(key: string): string | undefined {
  if (key === ' ' || key === '@') return '\0'
  const code = key.toUpperCase().charCodeAt(0)
  return code >= 0x41 && code <= 0x5f ? String.fromCharCode(code - 0x40) : undefined
}
