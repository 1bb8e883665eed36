import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { checkpointLineage } from '../../db/checkpoint-lineage.ts'
import { findCheckpoint } from '../../db/checkpoints.ts'
import type { Database } from '../../db/database.ts'
import { rowLineage } from '../../db/lineage.ts'
import { findRow } from '../../db/rows.ts'
import { HoneError } from '../../domain/errors.ts'
import { withDatabase } from '../connections.ts'
import { checkpointTree, rowLines } from '../text/lineage.ts'
import { drawTree } from '../text/table.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone lineage 3fa9c1
  $ hone lineage $(hone model demo)
  $ hone lineage sQ4w --json | jq .chain

ID is the beginning of a checkpoint's hash, the path of a checkpoint, or the beginning of a row's id
(see \`hone rounds\` and \`hone show --step\`). An id that begins with - goes after --: hone lineage -- -x7Fq.`

/** `hone lineage ID`: where a checkpoint or a row comes from. */
export function lineageCommand(terminal: Terminal): Command {
  return new Command('lineage')
    .description(
      'Tell where something comes from: a checkpoint down to its data and base model, a row down to its picture.',
    )
    .argument('<id>', "beginning of a checkpoint's hash or of a row's id, or a checkpoint's path")
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: { json?: boolean }) => {
      const found = await withDatabase(terminal, (db) => lineageOf(db, id))
      if (options.json === true) printJson(terminal, found)
      else if ('checkpoint' in found) print(terminal, ...drawTree(checkpointTree(found.checkpoint)))
      else print(terminal, ...rowLines(found))
    })
}

async function lineageOf(db: Database, id: string) {
  if (id.trim() === '') throw unknown(id)
  const checkpoint = await findCheckpoint(db, existsSync(id) ? resolve(id) : id)
  if (checkpoint) return { checkpoint: await checkpointLineage(db, checkpoint.id) }
  const row = await findRow(db, id)
  if (row) return rowLineage(db, row.id)
  throw unknown(id)
}

const unknown = (id: string) =>
  new HoneError({
    type: 'InvalidInput',
    message: `No checkpoint and no single row begins with "${id}".`,
    nextStep: 'Take checkpoints from `hone rounds`, rows from `hone show ROUND --step NAME`; give more of the id.',
  })
