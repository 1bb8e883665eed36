import { problemOf, rowsOf, runNow, scaled, spanOf, withSetup } from './bench.ts'
import type { Answer } from './mock-types.ts'
import { reasonsOf } from './scenario-breaks.ts'
import type { Scenario } from './scenario.ts'

const concurrency = 64
const mean = (of: readonly number[]) => (of.length === 0 ? 0 : of.reduce((sum, one) => sum + one, 0) / of.length)

/** 400 and 404 for some rows, at every attempt. */
export const permanent: Scenario = {
  about: '400 pictures, 5 % of them get 400, 5 % 404: requests that such a row costs',
  clients: ['hone', 'curator', 'data-designer', 'distilabel'],
  async run(bench, client) {
    const n = scaled(bench, 400)
    const config = { latencyMs: 50, cap: 64, permanent: { every: 10 } }
    return withSetup(bench, client, config, async ({ mock, open }) => {
      const work = await open({ rows: await rowsOf(n), concurrency })
      const run = await runNow(bench, work, mock, { n, limitSeconds: 240 })
      const rows = (await mock.rows()).filter(({ number }) => number >= 0)
      const requests = (status: Answer) =>
        rows.filter(({ answers }) => answers.includes(status)).map(({ answers }) => answers.length)
      return [
        {
          'requests a row, 400': mean(requests('400')).toFixed(2),
          'requests a row, 404': mean(requests('404')).toFixed(2),
          'rows seen': rows.length,
          kept: run.outcome.kept,
          lost: reasonsOf(run.outcome.lost),
          'without result': run.outcome.missing,
          'wall s': run.ended.wallSeconds.toFixed(1),
          ...problemOf(run),
        },
      ]
    })
  },
}

/** Reason codes that a row may have after its last answer. */
const reasonsAfter: Partial<Record<Answer, RegExp>> = {
  '429': /^http-429$/,
  '500': /^http-500$/,
  silent: /^timeout$/,
  garbage: /^broken-reply$/,
}

/** An endpoint with all kinds of errors at once. */
export const errors: Scenario = {
  about:
    '1,000 pictures, 7.5 % each of 429, 500, silence (2 s deadline) and garbage; 2 % of rows never get a good reply',
  clients: ['hone'],
  async run(bench, client) {
    const n = scaled(bench, 1000, 100)
    const share = 0.075
    const mix = { overloaded: share, failed: share, silent: share, garbage: share, stuckEvery: 50 }
    return withSetup(bench, client, { latencyMs: 100, cap: 64, errors: mix }, async ({ mock, open }) => {
      const work = await open({ rows: await rowsOf(n), concurrency, timeoutSeconds: 2 })
      const run = await runNow(bench, work, mock, { n, limitSeconds: 480 })
      const [rows, reasons] = await Promise.all([mock.rows(), work.reasons()])
      const wrong = rows.filter(({ number, answers }) => {
        const last = answers.at(-1)
        const reason = reasons?.get(number)
        if (last === undefined || reasons === null || number < 0) return false
        return last === 'ok' ? reason !== null : !(reason && reasonsAfter[last]?.test(reason))
      })
      const shown = wrong.slice(0, 3).map(({ number, answers }) => `${answers.join(' ')} → ${reasons?.get(number)}`)
      return [
        {
          'span s': spanOf(run.stats).toFixed(1),
          requests: run.stats.requests,
          kept: run.outcome.kept,
          lost: reasonsOf(run.outcome.lost),
          'without result': run.outcome.missing,
          twice: run.outcome.twice,
          'good replies paid twice': run.stats.okAgain,
          ...(reasons ? { 'wrong reason': wrong.length } : {}),
          ...(shown.length > 0 ? { 'for instance': shown.join('; ') } : {}),
          ...problemOf(run),
        },
      ]
    })
  },
}
