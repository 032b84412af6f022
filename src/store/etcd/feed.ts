/**
 * One watch of etcd, as whole revisions in order. How it learns that nothing more has happened up to a revision depends on the
 * member: current ones can be asked; those that answer too early (etcd#15220, #17507) are watched for all keys instead, so
 * that every revision there is has its event.
 */
import { CompactedError, type Revision } from '../store.ts'
import type { EtcdConnection, WatchCall } from './connection.ts'
import { EtcdError, grpcCode } from './errors.ts'
import { ALL_KEYS, type KeyRange } from './key-space.ts'
import type { WatchEvent, WatchResponse } from './messages.ts'

export interface FeedSink {
  /** All events of some revisions, complete and in order. */
  events(events: readonly Partial<WatchEvent>[]): void
  /** The watch has begun, or something came that tells of changes, though perhaps only a part of it. */
  heard?(): void
  /** Nothing else happened up to this revision. */
  progress(revision: Revision): void
  /** Called once unless the feed is cancelled before; with a CompactedError where history does not reach back so far. */
  end(error: Error): void
}

export interface FeedRequest {
  readonly range: KeyRange
  readonly after: Revision
  /** Tell with each change what the key held before. */
  readonly previousKv: boolean
  /** What has to be waited for before these can be told; must not reject. What follows them waits, too. */
  readonly prepare: (events: readonly Partial<WatchEvent>[]) => Promise<unknown> | undefined
}

export interface Feed {
  /** Asks to be told how far the feed has come; does nothing where events tell it anyway. */
  requestProgress(): void
  cancel(): void
}

/** Rejects with an EtcdError where no member can be asked. */
export async function openFeed(
  connection: EtcdConnection,
  { range, after, previousKv, prepare }: FeedRequest,
  sink: FeedSink,
): Promise<Feed> {
  let parts: Partial<WatchEvent>[] = []
  let isCreated = false
  let isProgressWanted = false
  let isOver = false
  const end = (error: Error) => {
    if (isOver) return
    isOver = true
    sink.end(error)
  }
  /** What was told last, where something has to be waited for first. */
  let held: Promise<unknown> | undefined
  const inOrder = (tell: () => void, wait?: Promise<unknown>) => {
    if (!held && !wait) return tell()
    const turn: Promise<unknown> = Promise.all([held, wait]).then(() => {
      if (held === turn) held = undefined
      if (!isOver) tell()
    })
    held = turn
  }
  const next = (response: WatchResponse) => {
    if (isOver) return
    if (response.canceled) {
      call.cancel()
      end(reasonOf(response))
      return
    }
    if (response.created || response.events.length > 0) sink.heard?.()
    if (response.events.length > 0) parts.push(...response.events)
    if (response.fragment) return
    if (parts.length > 0) {
      const events = parts
      parts = []
      inOrder(() => sink.events(events), prepare(events))
    } else if (!response.created) inOrder(() => sink.progress(response.header?.revision ?? 0))
    if (response.created) {
      isCreated = true
      if (isProgressWanted) askForProgress()
    }
  }
  const call: WatchCall = await connection.watch({ next, end })
  const isAskable = answersProgress(call.version)
  // A member holds back events until it has sent that the watch is created, but not answers about progress: these would overtake.
  const askForProgress = () => {
    if (isCreated) call.send({ progress: {} })
    else isProgressWanted = true
  }
  call.send({
    create: {
      ...(isAskable ? range : ALL_KEYS),
      startRevision: after + 1,
      previousKv,
      fragment: true,
    },
  })
  return {
    requestProgress() {
      if (isAskable) askForProgress()
    },
    cancel() {
      isOver = true
      call.cancel()
    },
  }
}

function reasonOf({ compactRevision, cancelReason }: WatchResponse): Error {
  return compactRevision > 0
    ? new CompactedError(compactRevision)
    : new EtcdError(grpcCode.unavailable, `etcd ended the watch: ${cancelReason}`)
}

/** The first patch of each minor version whose answers about progress can be trusted, as upstream has it. */
const FIRST_TRUSTED: Readonly<Record<string, number>> = { '3.4': 31, '3.5': 13 }

export function answersProgress(version: string): boolean {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  const first = FIRST_TRUSTED[`${major}.${minor}`]
  if (first !== undefined) return Number(patch) >= first
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) > 5)
}
