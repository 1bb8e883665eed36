import '../world/quiet-logs.ts'
import { Client } from '@temporalio/client'
import { campaignClient } from '../../client/campaigns.ts'
import type { CampaignClient } from '../../client/campaigns.ts'
import { dataConverter } from '../../client/payload-limit.ts'
import { campaignWorkflowId } from '../../domain/ids.ts'
import { connectTemporal } from '../../services/temporal-connection.ts'
import type { TemporalServer } from '../../services/temporal-server.ts'
import { bundleWorkflows } from '../../worker/bundle.ts'
import { connectWorker } from '../../worker/temporal.ts'
import { createWorkers, runWorkers } from '../../worker/workers.ts'
import type { campaign } from '../../workflows/campaign.ts'
import { freshNamespace } from '../world/temporal.ts'
import type { FakeHone } from './fake-hone.ts'

/** Its own namespace with a client. `work` runs workers with fake activities during a test. */
export interface Stage {
  client: Client
  campaigns: CampaignClient
  /** The result of a campaign's workflow. Waits for the end. Rejects when the workflow failed. */
  resultOf: (slug: string) => Promise<{ head: number }>
  isRunning: (slug: string) => Promise<boolean>
  work: <Result>(fake: FakeHone, body: () => Promise<Result>) => Promise<Result>
  close: () => Promise<void>
}

/** Sets the stage for a test file, in its own namespace. */
export const setStage = async (): Promise<Stage> => openStage(await freshNamespace())

/** Sets the stage on a running server. */
export async function openStage(server: TemporalServer): Promise<Stage> {
  const { namespace } = server
  const connection = await connectTemporal(server)
  const native = await connectWorker(server)
  const bundle = await bundleWorkflows()
  const client = new Client({ connection, namespace, dataConverter })
  const handle = (slug: string) => client.workflow.getHandle<typeof campaign>(campaignWorkflowId(slug))
  return {
    client,
    campaigns: campaignClient(client, () => Promise.resolve()),
    resultOf: (slug) => handle(slug).result(),
    async isRunning(slug) {
      const description = await handle(slug)
        .describe()
        .catch(() => null)
      return description?.status.name === 'RUNNING'
    },
    async work(fake, body) {
      const workers = await createWorkers({
        connection: native.connection,
        namespace,
        bundle,
        activities: fake,
        slots: { io: 10, inference: 4, gpu: 2 },
        shutdownGraceSeconds: 5,
      })
      let stop = () => {}
      const stopped = new Promise<void>((resolve) => (stop = resolve))
      const running = runWorkers(workers, stopped)
      try {
        return await Promise.race([body(), running.then(() => Promise.reject(new Error('the workers ended')))])
      } finally {
        stop()
        await running
      }
    },
    async close() {
      await connection.close()
      await native.close()
    },
  }
}

/** Waits until a condition is true. Fails with the condition's name after `seconds`. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`still not true after ${seconds} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
