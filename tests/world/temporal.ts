import { inject } from 'vitest'
import { z } from 'zod'

const answer = z.object({ address: z.string(), uiUrl: z.string(), namespace: z.string() })

/**
 * A Temporal for one test file: a server that all files of the run share, and a namespace of this
 * file alone.
 */
export type TestTemporal = z.infer<typeof answer>

/**
 * An empty namespace for a test file, with Hone's search attributes, on a dev server that all files
 * of the run share. Workflow ids and task queues need no prefix. The first call of a run starts the
 * server (1 to 2 s, longer on a machine without a Temporal CLI).
 */
export async function freshNamespace(): Promise<TestTemporal> {
  const response = await fetch(`${inject('world')}/temporal`)
  if (!response.ok) throw new Error(`No Temporal for the tests: ${await response.text()}`)
  return answer.parse(await response.json())
}
