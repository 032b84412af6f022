/** As `components.test.ts`, for nodes that fall silent, are taken away and are emptied. */
import { describeAlike } from './alike.ts'
import { storyOfNodes } from './story-of-nodes.ts'

describeAlike('what runs on nodes, by', [storyOfNodes])
