/** Where volumes of the class `standard` are on the nodes of this process. */
import type { NodeDirectories } from '#controllers'
import type { Files } from '#kubelet'

/** Nobody but pods, which have them mounted, reaches volumes: in them, every user may write. */
const PARENT_MODE = 0o700
const VOLUME_MODE = 0o777

/** `filesOf` gives the disk of a node that runs in this process. */
export function nodeDirectories(
  root: string,
  filesOf: (node: string) => Files | undefined,
): NodeDirectories {
  return {
    rootOf: () => root,
    async make(node, path) {
      const files = filesOf(node)
      // Elsewhere the kubelet makes what is missing before it mounts it.
      if (!files) return
      await files.makeDirectory(root, PARENT_MODE)
      await files.makeDirectory(path, VOLUME_MODE)
      // Whatever the umask took away.
      await files.chmod(path, VOLUME_MODE)
    },
    async remove(node, path) {
      const files = filesOf(node)
      if (!files) throw new Error(`node "${node}" runs elsewhere: ${path} has to be removed there`)
      await files.removeTree(path)
    },
  }
}
