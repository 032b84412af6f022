/**
 * Brings the image of sandboxes back where it is gone: tools that remove images which no container is made of take it, and no registry has it,
 * so that no pod would start until the next start of Proa.
 */
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { ContainerRuntime } from '../runtime.ts'

/** What containerd says of a sandbox whose image is missing, or has lost what is in it. */
const IMAGE_AT_FAULT = /sandbox image|unpack(ing)? image|blob sha256:/

export function withSandboxImage(
  runtime: ContainerRuntime,
  restore: () => Promise<unknown>,
  log: Log,
): ContainerRuntime {
  let restoring: Promise<void> | undefined
  const restoreOnce = async () => {
    await restore()
    log.warn('the image of pod sandboxes was gone and is brought back')
  }
  return {
    ...runtime,
    async runPodSandbox(config, handler) {
      try {
        return await runtime.runPodSandbox(config, handler)
      } catch (error) {
        if (!IMAGE_AT_FAULT.test(messageOf(error))) throw error
        // Many pods may start at a time.
        restoring ??= restoreOnce().finally(() => {
          restoring = undefined
        })
        await restoring
        return runtime.runPodSandbox(config, handler)
      }
    },
  }
}
