/** Upstream's controllers and scheduler on Proa's API server, and Proa's on upstream's: a namespace full of work fares alike in both, and as where all is upstream's. */
import { describeAlike } from './alike.ts'
import { storyOfTroubles } from './story-of-troubles.ts'
import { storyOfWork } from './story-of-work.ts'

describeAlike('namespaces full of work, from their beginnings to their ends, by', [
  storyOfWork,
  storyOfTroubles,
])
