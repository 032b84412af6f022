/** Debian's Chromium before the dashboard of a cluster in this process, and what tests look at in its pages. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import type { Transport } from '#client/transport.ts'
import { systemLog } from '#host/log.ts'
import { openDashboard } from '../../../src/cluster/dashboard.ts'

const EXECUTABLE = '/usr/bin/chromium'
/** Nothing is asked of anybody but the dashboard. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const PATIENCE_MS = 30_000

export function whyNoBrowser(): string | false {
  return existsSync(EXECUTABLE) ? false : "Debian's package chromium is not installed"
}

export interface Visit extends AsyncDisposable {
  readonly page: Page
  readonly port: number
  /** What went wrong in the pages that should not: errors that nobody caught, and what the policy of the page forbade. */
  readonly troubles: string[]
  /** Goes to a place of the dashboard, such as `#/list/pods`. */
  goTo(place: string): Promise<void>
}

export interface VisitOptions {
  readonly colours?: 'light' | 'dark'
  readonly width?: number
}

/** Opens a browser of its own at the dashboard that speaks to the API through `transport`. */
export async function visit(transport: Transport, options: VisitOptions = {}): Promise<Visit> {
  const dashboard = await openDashboard({
    transport,
    server: 'https://cluster.example',
    address: '127.0.0.1',
    port: 0,
    log: systemLog('error'),
  })
  const profile = mkdtempSync(join(tmpdir(), 'proa-browser-'))
  const troubles: string[] = []
  let context: BrowserContext
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE,
      headless: true,
      args: FLAGS,
      colorScheme: options.colours ?? 'light',
      viewport: { width: options.width ?? 1280, height: 800 },
    })
  } catch (error) {
    await dashboard.stop()
    rmSync(profile, { recursive: true })
    throw error
  }
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('pageerror', error => troubles.push(error.stack ?? error.message))
  page.on('console', message => {
    if (/Content Security Policy|TrustedHTML|violates/.test(message.text()))
      troubles.push(message.text())
  })
  await open(page, dashboard.url)
  await page.locator('.shell').waitFor()
  return {
    page,
    port: dashboard.port,
    troubles,
    async goTo(place) {
      await open(page, `http://127.0.0.1:${dashboard.port}/${place}`)
    },
    async [Symbol.asyncDispose]() {
      await context.close()
      await dashboard.stop()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** A browser breaks off what it loads when a network of the machine comes or goes, which other tests make happen. */
async function open(page: Page, url: string): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await page.goto(url)
      return
    } catch (error) {
      if (tries >= 10 || !/ERR_NETWORK_CHANGED/.test(String(error))) throw error
    }
}

/** The texts of the first column with links of a list, in order. */
export const namesIn = (page: Page): Promise<string[]> =>
  page.locator('table.rows tbody a').allTextContents()

/** Waits until `look` gives what is wanted; fails with what it gave last. */
export async function eventually<T>(
  look: () => Promise<T>,
  isWanted: (seen: T) => boolean,
): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (isWanted(seen)) return seen
    if (performance.now() > until) throw new Error(`in vain; the last was ${JSON.stringify(seen)}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** What a reader of screens, or somebody who sees little, would miss: controls without a name, and texts with too little contrast. */
export const unreadable = (page: Page): Promise<string[]> => inPage(page, 'unreadable.js')

/** Runs a file of this folder in the page, where there is a document and no Node. */
export async function inPage<T>(page: Page, file: string): Promise<T> {
  return (await page.evaluate(readFileSync(join(import.meta.dirname, file), 'utf8'))) as T
}

/** The text of what has the focus. */
export const focusedText = (page: Page): Promise<string> =>
  page.evaluate("document.activeElement?.textContent ?? ''")

export const textOf = async (place: Locator): Promise<string> => (await place.textContent()) ?? ''
