/** As `components.test.ts`, for what changes while it runs, and for what belongs to what. */
import { describeAlike } from './alike.ts'
import { storyOfBelongings } from './story-of-belongings.ts'
import { storyOfChanges } from './story-of-changes.ts'

describeAlike('namespaces in which much changes, by', [storyOfChanges, storyOfBelongings])
