/** What whoever puts a node together needs of this folder. */
export { ensureContainerd } from './containerd.ts'
export { connectCri } from './cri.ts'
export { loadImage, loadImageTarball } from './images.ts'
export { installPackages, missingPackages, missingSentence } from './packages.ts'
export { removePods, resetContainerd } from './reset.ts'
export { withSandboxImage } from './sandbox-image.ts'
export { systemSocketPath } from './system-containerd.ts'
