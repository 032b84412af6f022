/** Light, dark, or as the system has it. */
import { kept } from './browser.ts'

const NAME = 'proa-dashboard-theme'
const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const currentTheme = (): Theme => THEMES.find(each => each === kept.get(NAME)) ?? 'system'

export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

/** The next one, which is kept. */
export function turnTheme(): Theme {
  const next = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length] ?? 'system'
  kept.set(NAME, next)
  applyTheme(next)
  return next
}
