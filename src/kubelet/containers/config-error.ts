/** What keeps a container from starting, as its waiting reason and message. */
export class StartError extends Error {
  override readonly name = 'StartError'
  /** `CreateContainerConfigError`, `ErrImagePull` … */
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

export const configError = (message: string) =>
  new StartError('CreateContainerConfigError', message)
