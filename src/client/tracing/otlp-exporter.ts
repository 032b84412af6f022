/** Tells spans to a collector by OTLP over gRPC. Loaded only where traces are wanted. */
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { Clock } from '#base/clock.ts'
import type { EndedSpan } from '#base/tracing/span.ts'
import { EXPORT_PATH, encodeSpans, type Resource } from './otlp.ts'

/** As upstream's exporter. */
const TIMEOUT_MS = 10_000
const same = (bytes: Buffer) => bytes

export interface OtlpExporter {
  send(spans: readonly EndedSpan[]): Promise<void>
  close(): void
}

/** Connects when first used. `endpoint` is as gRPC names things: `localhost:4317`, `unix:/run/collector.sock`. */
export function createOtlpExporter(
  endpoint: string,
  resource: Resource,
  clock: Clock,
): OtlpExporter {
  // What is told may go through no proxy of the surroundings: it is for a collector beside us.
  const client = new Client(endpoint, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
  return {
    send: spans =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          EXPORT_PATH,
          same,
          same,
          encodeSpans(spans, resource),
          new Metadata(),
          { deadline: clock.now() + TIMEOUT_MS },
          error => (error ? reject(error) : resolve()),
        )
      }),
    close: () => client.close(),
  }
}
