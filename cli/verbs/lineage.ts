import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { lineageOf } from '../../views/lineage.ts'
import { withDatabase } from '../connections.ts'
import { jsonOption } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { checkpointTree, rowLines } from '../text/lineage.ts'
import { drawTree } from '../text/table.ts'

const examples = `
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
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (id: string, options: { json?: boolean }) => {
      const wanted = existsSync(id) ? resolve(id) : id
      const found = await withDatabase(terminal, (db) => lineageOf(db, wanted))
      printResult(terminal, options, found, () =>
        'checkpoint' in found ? drawTree(checkpointTree(found.checkpoint)) : rowLines(found),
      )
    })
}
