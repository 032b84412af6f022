import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScenarios } from '../testing/scenarios.ts'
import { attachmentNameOf } from './attachments.ts'
import { AttachWorld, commandsOf } from './testing/attach-world.ts'

runScenarios(new URL('./persistentvolume-attach-detach.scenarios.txt', import.meta.url), () =>
  commandsOf(new AttachWorld()),
)

test('attachments are named as CSI’s attachers expect', () => {
  // `printf 'handledrivernode' | sha256sum`
  assert.equal(
    attachmentNameOf('kubernetes.io/csi/driver^handle', 'node'),
    'csi-fdef298eb16db6fa42906ef1ff09a93a7f3028f8290cc9d71628ff91c237bfa7',
  )
  const handle = attachmentNameOf('kubernetes.io/csi/driver^a^b', 'node')
  assert.notEqual(handle, attachmentNameOf('kubernetes.io/csi/driver^a', 'node'))
})
