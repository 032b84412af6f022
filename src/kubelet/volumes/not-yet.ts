/** Nothing is wrong, but somebody else has to do something first: tried again soon, and told only when it takes long. */
export class NotYet extends Error {
  override readonly name = 'NotYet'
}
