/** A request becomes an answer: the steps, in order, each with the reason for its place. */
import type { ApiResponse } from '#client/transport.ts'
import type { Exchange, Step } from './exchange.ts'
import { answerErrors } from './steps/answer-errors.ts'
import { audit, receive } from './steps/audit.ts'
import { authenticate } from './steps/authenticate.ts'
import { authorize } from './steps/authorize.ts'
import { impersonate } from './steps/impersonate.ts'
import { labelAnswer } from './steps/label-answer.ts'
import { limitBody } from './steps/limit-body.ts'
import { measure } from './steps/measure.ts'
import { parse } from './steps/parse.ts'
import { serve } from './steps/serve.ts'
import { shareSeats } from './steps/share-seats.ts'

export const pipeline: readonly Step[] = [
  measure, // outermost, to see the answer that really goes out
  labelAnswer, // refusals, too, have an id
  answerErrors, // around the rest, so that no error leaves in another form than a Status
  audit, // sees errors as they are thrown, and answers before they are told about
  parse, // everything below asks what the request is about
  authenticate, // before any work is done for somebody
  receive, // audited as who really asks, before anything is done
  impersonate, // from here on the user is the one acted for
  shareSeats, // knows the user, and protects the work below
  authorize, // decides by user and request alone; the body is not looked at
  limitBody,
  serve,
]

export function runPipeline(exchange: Exchange): Promise<ApiResponse> {
  const run = (at: number): Promise<ApiResponse> => {
    const step = pipeline[at]
    if (!step) throw new Error('no step answered')
    return step(exchange, () => run(at + 1))
  }
  return run(0)
}
