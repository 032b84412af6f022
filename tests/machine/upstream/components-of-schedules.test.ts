/** As `components.test.ts`, for cron jobs and what they make. */
import { describeAlike } from './alike.ts'
import { storyOfSchedules } from './story-of-schedules.ts'

describeAlike('what cron jobs make, by', [storyOfSchedules])
