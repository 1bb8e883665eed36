import type { Outcome, Row } from '../../domain/rows.ts'
import type { DataStep, StepContext } from '../steps/step.ts'

/** What a step's schema makes of its spec: the least that every step has. */
export type AnyContext = StepContext<{ step: string }>

/** What is worked on as one: a row, or all rows of a question. */
export interface Unit {
  rows: readonly Row[]
  run(context: AnyContext): Promise<Outcome[]>
}

/** Units in order, read a batch of rows at a time. */
export interface UnitQueue {
  /**
   * The next unit; undefined when no unit is left. Throws the error of reading, also when it came
   * while reading ahead.
   */
  next(): Promise<Unit | undefined>
  /** Ends the reading. */
  close(): Promise<void>
}

/**
 * Cuts batches of rows into units. The next batch is read while fewer than `readAhead` units wait,
 * so that the window moves on over the end of a batch and at most two batches are in memory. A
 * batch holds whole questions.
 */
export function unitQueue(
  step: DataStep,
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  readAhead: number,
): UnitQueue {
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]()
  let waiting: Unit[] = []
  let at = 0
  let reading: Promise<void> | undefined
  let end: { error?: unknown } | undefined

  const read = async (): Promise<void> => {
    try {
      const { done, value } = await iterator.next()
      if (done === true) end ??= {}
      else {
        waiting = [...waiting.slice(at), ...unitsOf(step, value)]
        at = 0
      }
    } catch (error) {
      end ??= { error }
    } finally {
      reading = undefined
    }
  }

  return {
    async next() {
      for (;;) {
        if (!end && waiting.length - at < readAhead) reading ??= read()
        const unit = waiting[at]
        if (unit) {
          at += 1
          return unit
        }
        if (!end) await reading
        else if ('error' in end) throw end.error
        else return undefined
      }
    },
    async close() {
      end ??= {}
      await reading
      await iterator.return?.()
    },
  }
}

function unitsOf(step: DataStep, rows: readonly Row[]): Unit[] {
  if (step.per === 'row') return rows.map((row) => ({ rows: [row], run: (context) => step.run(row, context) }))
  if (step.per === 'dataset') throw new TypeError('a dataset step looks at whole datasets: use runDatasetStep')
  const questions = new Map<string, Row[]>()
  for (const row of rows) {
    // One origin has many questions where they were written for its picture.
    const question = JSON.stringify([row.originId, row.question, row.choices])
    const group = questions.get(question)
    if (group) group.push(row)
    else questions.set(question, [row])
  }
  return [...questions.values()].map((group) => ({ rows: group, run: (context) => step.run(group, context) }))
}
