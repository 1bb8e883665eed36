import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { bringUpTemporal } from '../../services/temporal.ts'
import { openStage } from '../workflows/stage.ts'
import { shapes } from './shapes.ts'

/**
 * Records the histories of every shape without a history, with fake activities on a real dev
 * server: `npm run record-histories`. A recorded history is never edited or recorded again, because
 * old campaigns run on it. A changed workflow needs `patched()` and a new shape.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('histories/', import.meta.url))
/**
 * Stack traces name the recorder's folder, and workers name the machine. Neither belongs in the
 * repository.
 */
const withoutPlaces = (json: string): string =>
  JSON.stringify(JSON.parse(json))
    .replaceAll(root, '')
    .replaceAll(/"identity":"[^"]*"/g, '"identity":"recorder"')

const home = mkdtempSync(join(tmpdir(), 'hone-record-'))
const temporal = await bringUpTemporal({ home, anyPort: true, inMemory: true })
try {
  const stage = await openStage(temporal)
  for (const { name, fake: make, act } of shapes) {
    if (existsSync(join(folder, `${name}.campaign.1.json`))) continue
    const fake = make()
    const campaign = name
    await stage.work(fake, async () => {
      await stage.campaigns.start(campaign)
      await act(fake, stage, campaign)
    })
    const counts = new Map<string, number>()
    for await (const { workflowId, runId, type } of stage.client.workflow.list({ query: `Campaign = '${campaign}'` })) {
      const history = await stage.client.workflow.getHandle(workflowId, runId).fetchHistory()
      const number = (counts.get(type) ?? 0) + 1
      counts.set(type, number)
      // Steps look the same in most shapes, so a few histories of each kind are enough.
      const isShown = type === 'round' || ['plain', 'paused-by-its-budget'].includes(name)
      if (type !== 'campaign' && (!isShown || number > 2)) continue
      writeFileSync(join(folder, `${name}.${type}.${number}.json`), `${withoutPlaces(historyToJSON(history))}\n`)
      process.stdout.write(`${name}.${type}.${number}\n`)
    }
  }
  await stage.close()
} finally {
  await temporal.stop()
  rmSync(home, { recursive: true, force: true })
}
