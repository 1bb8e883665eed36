import type { OpenAI } from 'openai'
import { Stream } from 'openai/core/streaming'
import { Assembly, doneMark } from '../replies/assembly.ts'

interface NamedEvent {
  event: string | null
  data: unknown
}

const doneLine = /^data: ?\[DONE\]/m
// Long enough for the line and what a server may say after it.
const tailBytes = 256

/**
 * Reads a stream of events to one chat completion. An error event becomes the completion's `error`.
 *
 * A stream that breaks off gives what came of it: the assembly says that it was cut, so that the
 * reply is not taken for a whole one, and its tokens count as paid. A stream of which nothing came
 * rejects with the error of the connection.
 */
export async function readEvents(response: Response, client: OpenAI): Promise<unknown> {
  const assembly = new Assembly()
  let tail = ''
  // The `openai` stream swallows the mark of the end, so it is looked for in the bytes. No text of
  // a reply can hold such a line, because JSON has no line breaks in texts.
  const watched = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, next) {
        tail = (tail + Buffer.from(chunk).toString('latin1')).slice(-tailBytes)
        next.enqueue(chunk)
      },
    }),
  )
  let chunks = 0
  try {
    const events = Stream.fromSSEResponse<NamedEvent>(
      new Response(watched ?? null),
      new AbortController(),
      client,
      true,
      'events',
    )
    for await (const { event, data } of events) {
      chunks++
      assembly.add(event === 'error' ? errorOf(data) : data)
    }
    if (doneLine.test(tail)) assembly.add(doneMark)
  } catch (error) {
    if (chunks === 0) throw error
  }
  return assembly.result()
}

/** The data of an error event: an error as it is, or what the error says. */
const errorOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && 'error' in data ? data : { error: data }
