/** What tests of the audit log share: sinks that remember, and servers that are audited. */
import { silentLog } from '#base/log.ts'
import type { ApiServerOptions } from '../apiserver.ts'
import { startTestServer, TestClock } from '../testing.ts'
import { AuditFigures, type AuditSink } from './audit-log.ts'
import { type AuditEvent, eventJson } from './event.ts'
import { parseAuditPolicy } from './policy-file.ts'
import type { Delivery } from './sinks.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was told
export type Told = any

export const policyOf = (policy: object) =>
  parseAuditPolicy(
    Buffer.from(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy })),
    'test',
  ).policy

export const EVERYTHING = { rules: [{ level: 'RequestResponse' }] }

/** As a reader of the log gets it. */
export const toldOf = (event: AuditEvent): Told =>
  JSON.parse(Buffer.concat(eventJson(event)).toString())

export function rememberingSink() {
  const events: Told[] = []
  const sink: AuditSink = {
    process(all) {
      for (const event of all) events.push(toldOf(event))
      return true
    },
    close: async () => {},
  }
  return { events, sink }
}

export async function startAuditedServer(
  policy: object,
  options: Partial<ApiServerOptions> & { readonly sinks?: readonly AuditSink[] } = {},
) {
  const { events, sink } = rememberingSink()
  const { sinks = [], ...rest } = options
  const figures = new AuditFigures({ clock: new TestClock(), log: silentLog })
  const audit = { policy: policyOf(policy), sinks: [sink, ...sinks], figures }
  const started = await startTestServer({ ...rest, audit })
  return { ...started, events, figures }
}

export function eventOf(more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    level: 'Metadata',
    auditId: 'id',
    stage: 'ResponseComplete',
    requestUri: '/api/v1/pods?a=b',
    verb: 'list',
    user: { name: 'jane', groups: ['g'] },
    impersonatedUser: undefined,
    sourceIps: ['192.0.2.1'],
    userAgent: 'x/1',
    objectRef: undefined,
    responseStatus: { code: 200 },
    requestObject: undefined,
    responseObject: undefined,
    receivedMs: Date.parse('2026-05-01T12:00:00.250Z'),
    stageMs: Date.parse('2026-05-01T12:00:01Z'),
    annotations: undefined,
    ...more,
  }
}

/** Delivers when it is told to, and fails where `fail` says so. */
export function heldDelivery() {
  const batches: string[][] = []
  const waiting: (() => void)[] = []
  const state = { isHeld: false, fail: '', isClosed: false }
  const delivery: Delivery = {
    plugin: 'held',
    async deliver(events) {
      batches.push(events.map(({ auditId }) => auditId))
      if (state.isHeld) await new Promise<void>(resolve => waiting.push(resolve))
      if (state.fail) throw new Error(state.fail)
    },
    async close() {
      state.isClosed = true
    },
  }
  const release = () => {
    state.isHeld = false
    for (const resolve of waiting.splice(0)) resolve()
  }
  return { delivery, batches, state, release }
}
