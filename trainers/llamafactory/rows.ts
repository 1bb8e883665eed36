import { canonicalJson } from '../../domain/canonical.ts'
import { HoneError } from '../../domain/errors.ts'
import type { RunFolder } from '../../jobs/command.ts'
import type { RlRow, SftRow } from '../rows.ts'
import type { TrainingStage } from '../stage.ts'
import { otherMedia } from '../training-rows.ts'
import { checkedRows } from '../write-rows.ts'

/** The name of the rows in the config and in `dataset_info.json`. */
export const datasetName = 'train'

/**
 * Why LLaMA-Factory would fail on a row, or drop it with only a warning. Null when it takes the
 * row.
 */
function unusable(messages: SftRow['messages']): string | null {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  const misplaced = turns.findIndex(({ role }, index) => role !== (index % 2 === 0 ? 'user' : 'assistant'))
  if (misplaced !== -1)
    return 'LLaMA-Factory takes turns of user and assistant by turns, after one of system if there is any'
  if (turns.length === 0 || turns.length % 2 !== 0) return 'its last turn is not the assistant’s'
  const mark = otherMedia.find((text) => messages.some(({ content }) => content.includes(text)))
  return mark === undefined ? null : `LLaMA-Factory takes ${mark} in a text for a file that the row would have`
}

/**
 * The lines of `train.jsonl`, with pictures as the job sees them. Throws InvalidInput with the
 * number of a row that the product would drop or fail on. Throws EmptyDataset when there is no row.
 */
export async function* rowLines(
  stage: TrainingStage,
  rows: AsyncIterable<SftRow | RlRow>,
  run: RunFolder,
): AsyncGenerator<string> {
  let line = 0
  for await (const row of checkedRows(stage, rows, run)) {
    line += 1
    const why = 'messages' in row ? unusable(row.messages) : 'it has no reply to learn'
    if (why !== null) {
      throw new HoneError({
        type: 'InvalidInput',
        message: `Row ${line} (${row.id}) of the dataset of ${stage.key} cannot be trained on: ${why}.`,
        nextStep: 'Change the row, or leave it out in the step that made it.',
      })
    }
    yield `${canonicalJson(row)}\n`
  }
}
