/** The one file that touches the browser's clock and network; everything else is given what it needs from here. */

export const now = (): number => Date.now()

/** Calls back once; the returned function cancels it. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
}

/** Calls back again and again until the signal aborts. */
export function every(intervalMs: number, callback: () => void, signal: AbortSignal): void {
  const timer = setInterval(callback, intervalMs)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

/** Resolves after `delayMs`, or at once where the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = () => {
      cancel()
      resolve()
    }
    const cancel = after(delayMs, done)
    signal.addEventListener('abort', done, { once: true })
  })
}

export const ask = (path: string, options: RequestInit): Promise<Response> => fetch(path, options)

/** A function that calls back at most once a frame, and not after the signal aborts. */
export function oncePerFrame(callback: () => void, signal: AbortSignal): () => void {
  let isAsked = false
  return () => {
    if (isAsked) return
    isAsked = true
    requestAnimationFrame(() => {
      isAsked = false
      if (!signal.aborted) callback()
    })
  }
}

/** Kept in this browser, where it lets us. */
export const kept = {
  get(name: string): string | undefined {
    try {
      return localStorage.getItem(name) ?? undefined
    } catch {
      return undefined
    }
  },
  set(name: string, value: string | undefined): void {
    try {
      if (value === undefined) localStorage.removeItem(name)
      else localStorage.setItem(name, value)
    } catch {
      // Another tab has to ask again.
    }
  },
}

/** 32 bytes that nobody can guess, in base64url. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  const text = btoa(String.fromCharCode(...bytes))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
