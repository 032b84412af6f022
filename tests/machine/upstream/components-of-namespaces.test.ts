/** As `components.test.ts`, for thirty namespaces at once. */
import { describeAlike } from './alike.ts'
import { storyOfNamespaces } from './story-of-namespaces.ts'

describeAlike('thirty namespaces at once, by', [storyOfNamespaces])
