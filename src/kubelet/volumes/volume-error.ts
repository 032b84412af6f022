/** Why a volume can't be had, as the pod's event tells it. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
  readonly reason: 'FailedMount' | 'FailedMapVolume'
  /** The pod has it as it was, and only its driver did not take it anew. */
  readonly isMounted: boolean

  constructor(reason: VolumeError['reason'], message: string, isMounted = false) {
    super(message)
    this.reason = reason
    this.isMounted = isMounted
  }
}
