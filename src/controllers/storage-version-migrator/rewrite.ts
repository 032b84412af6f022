/** Writing objects anew without changing them: the server stores what comes in as it stores things today. */
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Reader, Writer } from '#client/client.ts'

const PAGE = 500
const MANAGER = 'storage-version-migrator-controller'

/** All objects that were written up to the revision; later ones are stored as they should be. Throws what stops it. */
export async function rewriteObjects(
  client: Pick<Reader, 'list'> & Pick<Writer, 'patch'>,
  kind: AnyKind,
  revision: string,
): Promise<void> {
  let next: string | undefined
  do {
    const query = { limit: PAGE, ...(next ? { continue: next } : {}) }
    const page = await client.list(kind, query)
    for (const object of page.items as readonly KubernetesObject[])
      if (Number(object.metadata.resourceVersion) <= Number(revision))
        await rewrite(client, kind, object)
    next = page.metadata.continue || undefined
  } while (next)
}

async function rewrite(
  client: Pick<Writer, 'patch'>,
  kind: AnyKind,
  { metadata }: KubernetesObject,
): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata
  // With both, an object that is gone is not made again, and another one of its name is left alone.
  const applied = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion },
  }
  const at = { name, ...(namespace ? { namespace } : {}) }
  try {
    await client.patch(kind, at, 'apply', applied, { fieldManager: MANAGER })
  } catch (error) {
    // Somebody wrote it since, or removed it: either way nothing is left to do.
    if (!isStatus(error, 'Conflict')) throw error
  }
}
