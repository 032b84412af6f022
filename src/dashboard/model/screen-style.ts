/** Colours and weights of letters on a terminal. */

export interface Style {
  /** 0 to 255 of the usual palette, or `#rrggbb`; undefined for the page's own. */
  readonly colour?: number | string | undefined
  readonly background?: number | string | undefined
  readonly isBold?: boolean | undefined
  readonly isFaint?: boolean | undefined
  readonly isItalic?: boolean | undefined
  readonly isUnderlined?: boolean | undefined
  readonly isInverse?: boolean | undefined
}

export const plainStyle: Style = Object.freeze({})

/** The style after `ESC [ … m`. */
export function graphicOf(before: Style, parameters: readonly number[]): Style {
  let style: Style = before
  for (let at = 0; at < parameters.length; at++) {
    const code = parameters[at] ?? 0
    if (code === 38 || code === 48) {
      const { colour, length } = longColour(parameters, at + 1)
      style = code === 38 ? { ...style, colour } : { ...style, background: colour }
      at += length
    } else style = simple(style, code)
  }
  return style
}

function simple(style: Style, code: number): Style {
  if (code === 0) return plainStyle
  if (code === 1) return { ...style, isBold: true }
  if (code === 2) return { ...style, isFaint: true }
  if (code === 3) return { ...style, isItalic: true }
  if (code === 4) return { ...style, isUnderlined: true }
  if (code === 7) return { ...style, isInverse: true }
  if (code === 22) return { ...style, isBold: undefined, isFaint: undefined }
  if (code === 23) return { ...style, isItalic: undefined }
  if (code === 24) return { ...style, isUnderlined: undefined }
  if (code === 27) return { ...style, isInverse: undefined }
  if (code >= 30 && code <= 37) return { ...style, colour: code - 30 }
  if (code === 39) return { ...style, colour: undefined }
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 }
  if (code === 49) return { ...style, background: undefined }
  if (code >= 90 && code <= 97) return { ...style, colour: code - 82 }
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 }
  return style
}

function longColour(parameters: readonly number[], at: number) {
  if (parameters[at] === 5) return { colour: (parameters[at + 1] ?? 0) & 255, length: 2 }
  if (parameters[at] !== 2) return { colour: undefined, length: 0 }
  const [red = 0, green = 0, blue = 0] = parameters.slice(at + 1, at + 4)
  return { colour: hex(red, green, blue), length: 4 }
}

const hex = (...parts: number[]): string =>
  `#${parts.map(part => (part & 255).toString(16).padStart(2, '0')).join('')}`

const STEPS = [0, 95, 135, 175, 215, 255]

/** Of the colours from 16 on; the first sixteen are the page's, so that they can be read on its background. */
export function paletteColour(index: number): string | undefined {
  if (index < 16) return undefined
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return hex(grey, grey, grey)
  }
  const cube = index - 16
  const step = (part: number) => STEPS[part % 6] ?? 0
  return hex(step(Math.floor(cube / 36)), step(Math.floor(cube / 6)), step(cube))
}
