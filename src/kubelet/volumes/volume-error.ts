/** Why a volume can't be had, as the pod's event tells it. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
  readonly reason: 'FailedMount' | 'FailedMapVolume'

  constructor(reason: VolumeError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}
