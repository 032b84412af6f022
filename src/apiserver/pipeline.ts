/** A request becomes an answer: the steps, in order, each with the reason for its place. */
import type { Tracer } from '#base/tracing/span.ts'
import type { ApiResponse } from '#client/transport.ts'
import type { AnsweringOptions } from './answering.ts'
import type { Exchange, Step } from './exchange.ts'
import { allowOrigin } from './steps/allow-origin.ts'
import { answerErrors } from './steps/answer-errors.ts'
import { audit, receive } from './steps/audit.ts'
import { authenticate } from './steps/authenticate.ts'
import { authorize } from './steps/authorize.ts'
import { impersonate } from './steps/impersonate.ts'
import { labelAnswer } from './steps/label-answer.ts'
import { limitBody } from './steps/limit-body.ts'
import { limitTime } from './steps/limit-time.ts'
import { measure } from './steps/measure.ts'
import { parse } from './steps/parse.ts'
import { serve } from './steps/serve.ts'
import { shareSeats } from './steps/share-seats.ts'
import { trace, traced, traceWork } from './steps/trace.ts'

/** What of a server decides which steps it needs. */
export interface Wanted {
  readonly answering: AnsweringOptions
  readonly tracer: Tracer | undefined
}

/** Each step costs every request something, so those that nobody asked for are left out. */
export function stepsFor({ answering, tracer }: Wanted): readonly Step[] {
  const tells = (name: string, step: Step) => (tracer ? traced(name, step) : step)
  const isForPages =
    answering.allowsOrigin !== undefined || answering.strictTransportSecurity !== undefined
  return [
    measure, // outermost, to see the answer that really goes out
    labelAnswer, // refusals, too, have an id
    ...(isForPages ? [allowOrigin] : []), // refusals are read by pages, too, and browsers ask without credentials
    answerErrors, // around the rest, so that no error leaves in another form than a Status
    audit, // sees errors as they are thrown, and answers before they are told about
    parse, // everything below asks what the request is about
    limitTime, // knows what may last; whatever is waited for below counts
    authenticate, // before any work is done for somebody
    ...(tracer ? [trace] : []), // knows who asks; all that follows is a part of it
    tells('audit', receive), // audited as who really asks, before anything is done
    tells('constrainedimpersonation', impersonate), // from here on the user is the one acted for
    tells('priorityandfairness', shareSeats), // knows the user, and protects the work below
    tells('authorization', authorize), // decides by user and request alone; the body is not looked at
    limitBody,
    ...(tracer ? [traceWork] : []),
    serve,
  ]
}

export function runPipeline(exchange: Exchange): Promise<ApiResponse> {
  const { steps } = exchange.server
  const run = (at: number): Promise<ApiResponse> => {
    const step = steps[at]
    if (!step) throw new Error('no step answered')
    return step(exchange, () => run(at + 1))
  }
  return run(0)
}
