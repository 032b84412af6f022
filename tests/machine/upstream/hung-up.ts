/** Upstream ends the stream where it panics, as it does over some schemas without sense; whatever else went wrong is thrown on. */
export function hungUp(thrown: unknown): undefined {
  if ((thrown as { code?: string }).code !== 'ERR_HTTP2_STREAM_ERROR') throw thrown
}
