/** How one program tells the next to which trace a request belongs (W3C Trace Context). */

export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  readonly isSampled: boolean
}

const SAMPLED = 1

/** Undefined for what is missing or makes no sense: then there is no trace. */
export function parseTraceparent(text: string | undefined): SpanContext | undefined {
  if (text === undefined || text.length < 55) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text) ?? []
  // Later versions may say more; the first one may not.
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined))
    return undefined
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 }
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${isSampled ? SAMPLED : 0}`
