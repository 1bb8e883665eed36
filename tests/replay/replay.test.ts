import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'
import { bundleWorkflows } from '../../worker/bundle.ts'
import '../world/quiet-logs.ts'
import { shapes } from './shapes.ts'

const folder = fileURLToPath(new URL('histories/', import.meta.url))
const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundleWithSourceMap
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows()
  })

  it('are there for every shape', () => {
    for (const { name } of shapes) expect(names.filter((each) => each.startsWith(`${name}.`))).not.toEqual([])
  })

  it.each(names)('%s replays on the workflows of today', async (name) => {
    const history: unknown = JSON.parse(readFileSync(`${folder}${name}`, 'utf8'))
    await expect(Worker.runReplayHistory({ workflowBundle }, history, name)).resolves.toBeUndefined()
  })

  it('do not replay on a workflow that does something else', async () => {
    const text = readFileSync(`${folder}plain.campaign.1.json`, 'utf8').replaceAll('"loadCampaign"', '"readCampaign"')
    await expect(Worker.runReplayHistory({ workflowBundle }, JSON.parse(text), 'changed')).rejects.toThrow(/TMPRL1100/)
  })
})
