import type { CheckpointNode, DatasetNode } from '../../db/checkpoint-lineage.ts'
import type { LineageRow, RowLineage } from '../../db/lineage.ts'
import { bytes, clip, count, nothing, shortHash } from './figures.ts'
import { pairs } from './table.ts'
import type { TextTree } from './table.ts'

const again = ' (see above)'
const place = ({ campaign, round, name }: { campaign: string; round: number; name: string }): string =>
  `${campaign} round ${round}, ${name}`

/** A checkpoint with what it was made from, as a tree of lines. */
export function checkpointTree(node: CheckpointNode): TextTree {
  const name = `checkpoint ${shortHash(node.id)}`
  if (node.repeated) return { text: `${name}${again}`, children: [] }
  const origin = node.publications.length === 0 ? ', a base model' : ''
  return {
    text: `${name}, ${bytes(node.bytes)}${origin}\n${node.path}`,
    children: node.publications.map(({ step, job, datasets, startedFrom }) => ({
      text: `trained in ${place(step)}${job ? ` by ${job.backend} on ${job.launcher} (job ${job.id})` : ''}`,
      children: [
        ...datasets.map(datasetTree),
        ...(startedFrom ? [labelled('started from ', checkpointTree(startedFrom))] : []),
      ],
    })),
  }
}

function datasetTree(node: DatasetNode): TextTree {
  const { step, source, kept, dropped, failed, models } = node
  const rows = [
    `${count(kept)} rows`,
    ...(dropped > 0 ? [`${count(dropped)} dropped`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ]
  const what = step ? `data of ${place(step)}` : `source ${node.name}${source ? ` from ${source.path}` : ''}`
  if (node.repeated) return { text: `${what}${again}`, children: [] }
  const asked = models.map(
    ({ endpoint, model, replies }) => `written by ${model} (${endpoint}), ${count(replies)} replies`,
  )
  return {
    text: [`${what}: ${rows.join(', ')}`, ...asked].join('\n'),
    children: [
      ...node.inputs.map(datasetTree),
      ...node.evidence.map((found) => labelled('weighed ', datasetTree(found))),
      ...node.checkpoints.map((found) => labelled('written by ', checkpointTree(found))),
    ],
  }
}

const labelled = (label: string, tree: TextTree): TextTree => ({ ...tree, text: `${label}${tree.text}` })

/** A row and all rows before it; the source and its pictures come last. */
export function rowLines({ chain, images }: RowLineage): string[] {
  const pictures = images.map(
    ({ hash, width, height, mediaType, bytes: size }) =>
      `  picture ${shortHash(hash)}  ${width}×${height} ${mediaType}, ${bytes(size)}`,
  )
  return [...chain.flatMap((row, index) => stationLines(row, chain[index + 1])), ...pictures]
}

/** One row of the chain, with the fields that differ from the row it was made from. */
function stationLines(row: LineageRow, before: LineageRow | undefined): string[] {
  const { id, step, status, reason, detail, sourceId, sourcePath, verdict, replies } = row
  const where = step
    ? `${place(step)}${step.kind === step.name ? '' : ` (${step.kind})`}`
    : `source ${sourcePath ?? row.datasetId}`
  const fields: [string, string | null][] = [
    ['id in source', sourceId],
    ['question', row.question === before?.question ? null : row.question],
    ['answer', row.answer === before?.answer ? null : row.answer],
    ['description', row.description === before?.description ? null : row.description],
    ['trace', row.trace === before?.trace ? null : row.trace],
    [
      'verdict',
      verdict &&
        `${verdict.verdict} (${verdict.reason}), extracted ${verdict.extracted ?? nothing}, ${verdict.verifierVersion}`,
    ],
    ['weighed', row.evidence.join(', ') || null],
    ['error', detail],
    ...replies.map((reply): [string, string] => [
      'reply',
      `${reply.model} (${reply.endpoint}), key ${shortHash(reply.key)}, ${reply.finishReason}: ${reply.text}`,
    ]),
  ]
  const shown = fields.flatMap(([name, value]) => (value === null ? [] : [[name, clip(value, 300)] as const]))
  return [
    `${where}  row ${id}  ${reason === null ? status : `${status}: ${reason}`}`,
    ...pairs(shown).map((line) => `  ${line}`),
    ...(before ? ['  ↑ made from'] : []),
  ]
}
