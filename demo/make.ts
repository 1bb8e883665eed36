import { parseArgs } from 'node:util'
import { writeWorld } from './world.ts'

/** `npx tsx demo/make.ts --out DIR` writes the demo world, or says that it is there already. */
const { values } = parseArgs({ options: { out: { type: 'string' } } })
if (values.out === undefined) {
  process.stderr.write('Say where to write: npx tsx demo/make.ts --out DIR\n')
  process.exitCode = 2
} else {
  const out = values.out
  const world = await writeWorld(out, ({ done, total }) => {
    if (done % 500 === 0 || done === total) process.stderr.write(`${done} of ${total} pictures\n`)
  })
  const { train, dev, report, baseCorpus } = world.rows
  process.stdout.write(
    `${world.written ? 'wrote' : 'found'} world ${world.hash} in ${out}: ` +
      `${train} train, ${dev} dev, ${report} report questions, ${baseCorpus} base corpus rows\n` +
      Object.entries(world.further?.rows ?? {})
        .map(([name, count]) => `${name}.jsonl: ${count} rows\n`)
        .join(''),
  )
}
