import type { OpenAI } from 'openai'
import { Assembly, doneMark } from '../replies/assembly.ts'
import { TimeOver } from './call.ts'
import type { Call } from './call.ts'

interface NamedEvent {
  event: string | null
  data: unknown
}

/**
 * Reads a stream of events to one chat completion; undefined for a stream without an event that can
 * be read. An error event becomes the completion's `error`.
 *
 * A stream that breaks off gives what came of it: the assembly says that it was cut, so that the
 * reply is not taken for a whole one, and its tokens count as paid. Rejects with the error of a
 * connection that is lost before anything came, and with the reason of the call when the call ends
 * before the reply is whole.
 */
export async function readEvents(response: Response, call: Call, client: OpenAI): Promise<unknown> {
  const assembly = new Assembly()
  let isWhole = false
  // Loaded with the client that gives the response.
  const { Stream } = await import('openai/core/streaming')
  try {
    const controller = new AbortController()
    const events = Stream.fromSSEResponse<NamedEvent>(response, controller, client, true, 'events')
    for await (const { event, data } of events) {
      call.streamed.hasEvents()
      assembly.add(event === 'error' ? errorOf(data) : data)
      if (assembly.isOver && !isWhole) {
        isWhole = true
        call.replyIsWhole()
      }
    }
    if (call.streamed.isDone) assembly.add(doneMark)
  } catch (error) {
    if (!call.ended && assembly.result() === undefined && !(error instanceof SyntaxError)) throw error
  }
  // Also without an error: the stream of the client takes some errors for its end.
  if (call.ended && !(isWhole && call.ended instanceof TimeOver)) throw call.ended
  return assembly.result()
}

/** The data of an error event: an error as it is, or what the error says. */
const errorOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && 'error' in data ? data : { error: data }
