/** As `components.test.ts`, for jobs of every sort. */
import { describeAlike } from './alike.ts'
import { storyOfJobs } from './story-of-jobs.ts'

describeAlike('jobs, by', [storyOfJobs])
