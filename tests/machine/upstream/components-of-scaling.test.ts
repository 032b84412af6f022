/** As `components.test.ts`, for autoscalers and the metrics that they go by. */
import { describeAlike } from './alike.ts'
import { storyOfScaling } from './story-of-scaling.ts'

describeAlike('what autoscalers look after, by', [storyOfScaling])
