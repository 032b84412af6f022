/** As `components.test.ts`, for jobs of every sort, and for cron jobs that make some. */
import { describeAlike } from './alike.ts'
import { storyOfJobs } from './story-of-jobs.ts'
import { storyOfSchedules } from './story-of-schedules.ts'

describeAlike('jobs and what makes them, by', [storyOfJobs, storyOfSchedules])
