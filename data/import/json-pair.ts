import { HoneError } from '../../domain/errors.ts'
import { jsonItems } from './json-items.ts'
import type { JsonItem } from './json-items.ts'
import type { Fields } from './record.ts'
import { weightOf } from './record.ts'

/** A file of questions and the file with the answers to them. */
export interface JsonPair {
  questions: string
  annotations: string
}

/** About how many bytes of annotations may wait for their questions. */
const mostWaiting = 512 * 1024 * 1024

/**
 * The questions of a file, each with the annotation of its `question_id`. Both files are read side
 * by side, because they are mostly in one order: only annotations that come before their question
 * wait in memory. Questions that come before their annotation do so too. A question without an
 * annotation is a bad record. Throws InvalidSource when too many wait.
 */
export async function* pairedItems(
  { questions, annotations }: JsonPair,
  signal?: AbortSignal,
): AsyncGenerator<JsonItem> {
  const answers = jsonItems(annotations, { as: 'member', name: 'annotations' }, signal)
  const early = new Map<string, Fields>()
  let bytes = 0
  let isOver = false
  const annotationOf = async (id: string): Promise<Fields | null> => {
    for (;;) {
      const found = early.get(id)
      if (found) {
        early.delete(id)
        bytes -= weightOf(found)
        return found
      }
      const next = isOver ? null : await answers.next()
      if (!next || next.done === true) {
        isOver = true
        return null
      }
      if (!('fields' in next.value)) continue
      early.set(idOf(next.value.fields), next.value.fields)
      bytes += weightOf(next.value.fields)
      if (bytes > mostWaiting) throw tooFarApart(questions, annotations)
    }
  }
  try {
    for await (const item of jsonItems(questions, { as: 'member', name: 'questions' }, signal)) {
      if ('problem' in item) yield item
      else {
        const id = idOf(item.fields)
        const annotation = await annotationOf(id)
        if (annotation) yield { fields: { ...annotation, ...item.fields } }
        else yield { problem: `the question ${id.slice(0, 100)} has no annotation` }
      }
    }
  } finally {
    await answers.return(undefined)
  }
}

const idOf = (fields: Fields): string => String(fields['question_id'])

const tooFarApart = (questions: string, annotations: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${annotations} has its annotations in another order than ${questions} its questions`,
    nextStep: 'sort both by question_id, or write one JSONL with a question and its answer on each line',
  })
