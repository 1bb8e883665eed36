import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { openArtifactStore } from '../../artifacts/store.ts'
import { defaultPrompt, lostOf, problemOf, rowsOf, runNow, scaled, taskOf, withSetup } from './bench.ts'
import type { Figures, Run } from './bench.ts'
import { folderBytes } from './clients.ts'
import type { Scenario } from './scenario.ts'

const config = { latencyMs: 50, cap: 64 }
const concurrency = 64

const secondsOf = ({ ended, outcome, spawnedAt }: Run): Figures => {
  const ready = outcome.report?.readyAt
  return {
    'wall s': Number(ended.wallSeconds.toFixed(2)),
    ...(ready === undefined ? {} : { 'of it start-up s': Number(((ready - spawnedAt) / 1000).toFixed(2)) }),
  }
}

/** Finished work again: the same command, and for Hone also the same rows in the next round. */
export const warm: Scenario = {
  about: '2,000 pictures that are done, once more: requests sent and wall time',
  clients: ['hone', 'curator', 'data-designer', 'distilabel'],
  async run(bench, client) {
    const n = scaled(bench, 2000)
    return withSetup(bench, client, config, async ({ mock, open }) => {
      const task = { rows: await rowsOf(n), concurrency }
      const work = await open(task)
      const first = await runNow(bench, work, mock, { n, limitSeconds: 300 })
      const lines: Figures[] = []
      const again = async (what: string, next: typeof work) => {
        await mock.reset()
        const run = await runNow(bench, next, mock, { n, limitSeconds: 120 })
        const { requests } = run.stats
        lines.push({
          what,
          requests,
          ...secondsOf(run),
          kept: run.outcome.kept,
          lost: lostOf(run.outcome),
          ...problemOf(run),
        })
      }
      await again('same command again', work)
      if (client === 'hone') await again('same rows in the next round', await work.again(taskOf(task, mock)))
      return [
        { what: 'first', requests: first.stats.requests, kept: first.outcome.kept, ...secondsOf(first) },
        ...lines,
      ]
    })
  },
}

/** Every tenth row has another last line in its prompt. */
export const edit: Scenario = {
  about: '1,000 pictures that are done; one line of the prompt changes for 10 % of them: ideal 100 requests',
  clients: ['hone', 'curator', 'data-designer'],
  async run(bench, client) {
    const n = scaled(bench, 1000, 100)
    const rows = await rowsOf(n)
    const isEdited = (index: number) => index % 10 === 0
    const edited = rows.map((row, index) =>
      isEdited(index) ? { ...row, text: `${defaultPrompt}\nName the colours.` } : row,
    )
    const ideal = edited.filter((_, index) => isEdited(index)).length
    const lines: Figures[] = []
    const line = (what: string, runs: readonly Run[]) =>
      lines.push({
        what,
        ideal,
        're-sent': runs.reduce((sum, { stats }) => sum + stats.requests, 0),
        kept: runs.reduce((sum, { outcome }) => sum + outcome.kept, 0),
        ...Object.assign({}, ...runs.map(problemOf)),
      })
    await withSetup(bench, client, config, async ({ mock, open }) => {
      // Hone's `rate` shows the model each row's own question.
      const spec = { step: 'rate', endpoint: 'mock' }
      const work = await open({ rows, concurrency, spec })
      await runNow(bench, work, mock, { n, limitSeconds: 300 })
      await mock.reset()
      const next = await work.again(taskOf({ rows: edited, concurrency, spec }, mock))
      line("each row's own text", [await runNow(bench, next, mock, { n, limitSeconds: 300 })])
    })
    if (client === 'hone')
      await withSetup(bench, client, config, async ({ mock, open }) => {
        const work = await open({ rows, concurrency })
        await runNow(bench, work, mock, { n, limitSeconds: 300 })
        const runs: Run[] = []
        let next = work
        for (const part of [true, false]) {
          await mock.reset()
          const spec = { step: 'describe', ...(part ? { prompt: `${defaultPrompt}\nName the colours.` } : {}) }
          const some = rows.filter((_, index) => isEdited(index) === part)
          next = await next.again(taskOf({ rows: some, concurrency, spec }, mock))
          runs.push(await runNow(bench, next, mock, { n, limitSeconds: 300 }))
        }
        line("the step's prompt, for a tenth", runs)
      })
    return lines
  },
}

/**
 * All bytes on disk after three rounds over the same pictures, divided by the bytes of the
 * pictures. The pictures count once.
 */
export const rounds: Scenario = {
  about: '500 pictures in three rounds: bytes on disk ÷ bytes of the pictures',
  clients: ['hone', 'curator', 'data-designer', 'distilabel'],
  async run(bench, client) {
    const n = scaled(bench, 500)
    const rows = await rowsOf(n)
    const pictures = rows.reduce((sum, { picture }) => sum + picture.bytes, 0)
    return withSetup(bench, client, config, async ({ mock, folder, open }) => {
      const store = join(folder, 'store')
      const artifacts = await openArtifactStore(store)
      const runs: Run[] = []
      let stored = pictures
      let written = 0
      let work: Awaited<ReturnType<typeof open>> | undefined
      for (let round = 1; round <= 3; round++) {
        if (client === 'hone') for (const { picture } of rows) await artifacts.putImage(readFileSync(picture.path))
        const task = { rows, concurrency, ...(client === 'hone' ? { store } : {}) }
        work = client === 'hone' && work ? await work.again(taskOf(task, mock)) : await open(task, `round-${round}`)
        const run = await runNow(bench, work, mock, { n, limitSeconds: 300 })
        runs.push(run)
        written = client === 'hone' ? run.diskBytes : written + run.diskBytes
      }
      if (client === 'hone') stored = folderBytes(store)
      return [
        {
          'pictures MB': (pictures / 1e6).toFixed(1),
          'stored pictures ÷ pictures': (stored / pictures).toFixed(3),
          'all written ÷ pictures': ((stored + written) / pictures).toFixed(2),
          requests: runs.at(-1)?.stats.requests ?? 0,
          kept: runs.map(({ outcome }) => outcome.kept).join(', '),
          ...Object.assign({}, ...runs.map(problemOf)),
        },
      ]
    })
  },
}
