/** One object that stays true: read, then watched. What was deleted is told once and stays as it was last. */
import type { AnyObject } from '../model/health.ts'
import { apiPath, type Resource, withQuery } from '../model/resource.ts'
import { type Api, ApiError, isAbort } from './api.ts'
import { pause } from './browser.ts'

export interface ObjectAddress {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

export interface ObjectSink {
  onObject(object: AnyObject): void
  onDeleted(): void
  /** `isFinal` where it is not tried again. */
  onError(error: ApiError, isFinal: boolean): void
  /** An error that was told is over. */
  onRecovered(): void
}

const DELAY_MS = 1_000
const POLL_MS = 5_000
const WATCH_SECONDS = 290

type ObjectEvent = { readonly type: string; readonly object: AnyObject }

/** Runs until the signal aborts. */
export async function followObject(
  api: Api,
  { resource, namespace, name }: ObjectAddress,
  sink: ObjectSink,
  signal: AbortSignal,
): Promise<void> {
  const path = apiPath(resource, { namespace, name })
  let version: string | undefined
  let uid: string | undefined
  let isGone = false
  let isTroubled = false
  const show = (object: AnyObject) => {
    version = object.metadata.resourceVersion
    // An object of the same name is another one.
    if (isGone && object.metadata.uid === uid) return
    isGone = false
    uid = object.metadata.uid
    sink.onObject(object)
  }
  while (!signal.aborted) {
    try {
      if (version === undefined) show(await api.json<AnyObject>('GET', path, undefined, { signal }))
      if (isTroubled) sink.onRecovered()
      isTroubled = false
      if (!resource.verbs.includes('watch')) {
        await pause(POLL_MS, signal)
        version = undefined
        continue
      }
      const watched = withQuery(apiPath(resource, { namespace }), {
        watch: 'true',
        allowWatchBookmarks: 'true',
        fieldSelector: `metadata.name=${name}`,
        resourceVersion: version,
        timeoutSeconds: WATCH_SECONDS,
      })
      await api.watch<ObjectEvent>(
        watched,
        ({ type, object }) => {
          version = object.metadata.resourceVersion
          if (type === 'DELETED') {
            isGone = true
            sink.onDeleted()
          } else if (type !== 'BOOKMARK') show(object)
        },
        { signal },
      )
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      const told = error instanceof ApiError ? error : new ApiError(500, { message: String(error) })
      if (told.code === 404 && uid !== undefined) {
        if (!isGone) sink.onDeleted()
        return
      }
      version = undefined
      if (told.code === 410) {
        await pause(DELAY_MS, signal)
        continue
      }
      const isFinal = !told.isAway && told.code < 500 && told.code !== 429
      isTroubled = true
      sink.onError(told, isFinal)
      if (isFinal) return
    }
    await pause(DELAY_MS, signal)
  }
}
