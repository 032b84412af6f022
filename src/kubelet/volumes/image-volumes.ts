/**
 * Images as volumes. A runtime that can shows them to each container itself, and to the container's own users where it has some; for others they are
 * mounted where the volume is.
 */
import type { KubeletContext } from '../options.ts'
import { mountsImages } from '../runtime-version.ts'

export class ImageVolumes {
  readonly #context: KubeletContext
  /** Ids of images that the runtime shows, by the volume's directory. */
  readonly #ofRuntime = new Map<string, string>()

  constructor(context: KubeletContext) {
    this.#context = context
  }

  /** Unless the image is shown there already, by this kubelet or the one before it. */
  async show(path: string, imageId: string): Promise<void> {
    const { hostAccess, runtime } = this.#context.options
    if ((await hostAccess.mounts.mountedBelow(path)).length > 0) return
    if (mountsImages(await runtime.version())) {
      this.#ofRuntime.set(path, imageId)
      return
    }
    await hostAccess.files.makeDirectory(path)
    await runtime.mountImage(imageId, path)
  }

  /** The id of an image that is not mounted there, and is for the runtime to show. */
  ofRuntime(path: string): string | undefined {
    return this.#ofRuntime.get(path)
  }

  /** Of all volumes below. */
  forget(directory: string): void {
    for (const path of this.#ofRuntime.keys())
      if (path.startsWith(`${directory}/`)) this.#ofRuntime.delete(path)
  }
}
