/** As `components.test.ts`, for volumes that are found, made, attached, enlarged and lost. */
import { describeAlike } from './alike.ts'
import { storyOfVolumes } from './story-of-volumes.ts'

describeAlike('volumes fare alike, by', [storyOfVolumes])
