/** What a runtime can do that does not tell it in any other way. */
import type { RuntimeVersion } from './runtime.ts'

/** containerd does from 1.7 on; of other runtimes it is taken for granted. */
export const knowsCdi = (version: RuntimeVersion): boolean =>
  version.runtimeName !== 'containerd' || isAtLeast(version, 1, 7)

/** Whether containers can have what is in an image, or a part of it, as a mount. containerd has the first from 2.1 and the other from 2.2 on. */
export const mountsImages = (version: RuntimeVersion): boolean =>
  version.runtimeName === 'containerd' && isAtLeast(version, 2, 2)

function isAtLeast({ runtimeVersion }: RuntimeVersion, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = runtimeVersion
    .replace(/^v/, '')
    .split('.')
    .map(text => Number.parseInt(text, 10))
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
