/** What of a Secret is not for whoever looks over a shoulder: its values are hidden until they are asked for. */
import type { AnyObject } from './health.ts'

export const HIDDEN = '••••••••'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const isSecret = ({ kind, apiVersion }: AnyObject): boolean =>
  kind === 'Secret' && apiVersion === 'v1'

/** The object with its values hidden; what kubectl keeps of them in an annotation, too. */
export function withHiddenValues(object: AnyObject): AnyObject {
  if (!isSecret(object)) return object
  const { data, stringData } = object as { data?: object; stringData?: object }
  const { annotations } = object.metadata
  const hidden = (values: object | undefined) =>
    values && Object.fromEntries(Object.keys(values).map(key => [key, HIDDEN]))
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(annotations && LAST_APPLIED in annotations
        ? { annotations: { ...annotations, [LAST_APPLIED]: HIDDEN } }
        : {}),
    },
    ...(data ? { data: hidden(data) } : {}),
    ...(stringData ? { stringData: hidden(stringData) } : {}),
  } as AnyObject
}

export interface SecretValue {
  readonly text: string
  /** Its bytes are no text; `text` is base64 then. */
  readonly isBinary: boolean
}

/** A value of `data`, which is base64, as people read it. */
export function secretValue(base64: string): SecretValue {
  try {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: by them bytes are told from text.
    if (/[\x00-\x08\x0e-\x1f]/.test(text)) return { text: base64, isBinary: true }
    return { text, isBinary: false }
  } catch {
    return { text: base64, isBinary: true }
  }
}
