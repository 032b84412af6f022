/** The peer broke SPDY/3.1, or one of our limits on it; the session ends. */
export class SpdyProtocolError extends Error {
  override readonly name = 'SpdyProtocolError'
}
