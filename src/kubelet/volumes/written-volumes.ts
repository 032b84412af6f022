/**
 * Volumes whose files the kubelet writes itself: what configuration, secrets, the pod and its tokens say, kept as it is while the pod
 * runs.
 */
import { rfc3339 } from '#base/clock.ts'
import type { FieldContext } from '../containers/fields.ts'
import { objectsOf } from '../objects.ts'
import type { KubeletContext } from '../options.ts'
import { type Pod, uidOf, type Volume } from '../pod-types.ts'
import { isWritten, writeAtomically } from './atomic-writer.ts'
import { type Payload, payloadOf, samePayload } from './payload.ts'
import type { Tokens } from './tokens.ts'

export interface WrittenVolumesParts {
  readonly context: KubeletContext
  readonly fields: (pod: Pod) => FieldContext
  readonly tokens: Tokens
}

export interface WrittenVolume {
  readonly pod: Pod
  readonly volume: Volume
  readonly path: string
  /** What may hold secrets lives in memory only. */
  readonly isInMemory: boolean
}

export class WrittenVolumes {
  readonly #parts: WrittenVolumesParts
  /** What was written last, by volume directory: a refresh that changes nothing touches no disk. */
  readonly #written = new Map<string, Payload>()
  /** By pod, audience and life: each token has its own time. */
  readonly #renewals = new Map<string, () => void>()
  #stopped = false
  /** The second in which a set was written last, and how versions of that second begin. */
  #second = ''
  #version = ''

  constructor(parts: WrittenVolumesParts) {
    this.#parts = parts
  }

  /** A set of files was written before, by this kubelet or the one before it. */
  isSetUp(path: string): Promise<boolean> {
    return isWritten(this.#parts.context.options.hostAccess.files, path)
  }

  /** Writes what is missing or has changed; `changed` is called when it may change again. */
  async setUp(
    { pod, volume, path, isInMemory }: WrittenVolume,
    changed: () => void,
  ): Promise<void> {
    const { files, mounts } = this.#parts.context.options.hostAccess
    const payload = await payloadOf(volume, this.#sources(pod, changed))
    if (!payload) return
    if (samePayload(this.#written.get(path), payload)) return
    if (!(await files.facts(path))) await files.makeDirectory(path)
    if (isInMemory) await mounts.mountTmpfs(path, undefined)
    const fsGroup = pod.spec?.securityContext?.fsGroup
    await writeAtomically(
      {
        files,
        directory: path,
        version: this.#nextVersion(),
        prepare: async directory => {
          if (fsGroup !== undefined) await files.giveToGroup(directory, fsGroup, true)
        },
      },
      payload,
    )
    this.#written.set(path, payload)
  }

  #nextVersion(): string {
    const { clock, random } = this.#parts.context
    const second = rfc3339(clock.now())
    if (second !== this.#second) {
      this.#second = second
      this.#version = second.slice(0, 19).replaceAll(/[-T:]/g, '_')
    }
    return `${this.#version}.${random.integer(2 ** 32)}`
  }

  #sources(pod: Pod, changed: () => void) {
    const { context, fields, tokens } = this.#parts
    const objects = objectsOf(context)
    const namespace = pod.metadata.namespace ?? ''
    return {
      fields: fields(pod),
      object: (kind: 'configmap' | 'secret', name: string) => {
        objects.use(this.#user(uidOf(pod)), kind, namespace, name, changed)
        return objects.get(kind, namespace, name)
      },
      token: async (audience: string, expirationSeconds: number) => {
        const { token, renewInMs } = await tokens.get(pod, audience, expirationSeconds)
        const key = `${uidOf(pod)}/${audience}/${expirationSeconds}`
        this.#renewAfter(key, renewInMs, changed)
        return token
      },
    }
  }

  #user(uid: string): string {
    return `${this.#parts.context.options.nodeName}/${uid}/volumes`
  }

  #renewAfter(key: string, delayMs: number, changed: () => void): void {
    if (this.#stopped) return
    this.#renewals.get(key)?.()
    // In whole seconds, so that timers of many pods wait for the same time and share what such timers need.
    const wholeMs = Math.ceil(delayMs / 1000) * 1000
    this.#renewals.set(key, this.#parts.context.clock.after(wholeMs, changed))
  }

  /** Nothing is followed any more for the pod whose volumes are below `directory`. */
  forget(uid: string, directory: string): void {
    for (const [key, cancel] of this.#renewals)
      if (key.startsWith(`${uid}/`)) {
        cancel()
        this.#renewals.delete(key)
      }
    objectsOf(this.#parts.context).release(this.#user(uid))
    for (const path of this.#written.keys())
      if (path.startsWith(`${directory}/`)) this.#written.delete(path)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#renewals.values()) cancel()
    this.#renewals.clear()
  }
}
