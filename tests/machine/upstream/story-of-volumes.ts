/** Volumes from their classes to their ends: who gets which, for whom they are made, where they are attached, and what becomes of them. Drivers are played by the story. */
import {
  die,
  grow,
  isOutOfService,
  letGo,
  moveOn,
  useAttached,
  vanish,
} from './chapter-of-attachments.ts'
import { find, haveDefaults, haveMade, lose, makeClasses, protect } from './chapter-of-claims.ts'
import { consume, makeRoom, passBy, reachLimits, useAlone } from './chapter-of-places.ts'
import type { Story } from './story.ts'
import { ATTACHMENTS, CORE, NODES, PLACE, STORAGE, VOLUMES } from './volume-objects.ts'

export const storyOfVolumes: Story = {
  place: PLACE,
  nodes: 3,
  isPinned: true,
  collections: [
    ...['persistentvolumeclaims', 'pods'].map(name => `${CORE}/${name}`),
    `/apis/apps/v1/namespaces/${PLACE}/statefulsets`,
    VOLUMES,
    NODES,
    ATTACHMENTS,
    ...['csidrivers', 'csinodes', 'storageclasses', 'volumeattributesclasses'].map(
      name => `${STORAGE}/${name}`,
    ),
  ],
  hashed: ['heir'],
  suffixed: ['nothing'],
  chapters: [
    { name: 'classes', happens: makeClasses },
    { name: 'found', happens: find },
    { name: 'made', happens: haveMade },
    { name: 'defaults', happens: haveDefaults },
    { name: 'consumed', happens: consume },
    { name: 'passing', happens: passBy },
    { name: 'limited', happens: reachLimits },
    { name: 'alone', happens: useAlone },
    { name: 'roomy', happens: makeRoom },
    { name: 'attached', happens: useAttached },
    { name: 'moved on', happens: moveOn },
    { name: 'let go', happens: letGo },
    { name: 'grown', happens: grow },
    { name: 'lost', happens: lose },
    { name: 'protected', happens: protect },
    { name: 'dead', happens: die },
    { name: 'out of service', happens: isOutOfService },
    { name: 'vanished', happens: vanish },
  ],
}
