import { z } from 'zod'
import type { Command, Environment } from '../command.ts'
import { inEnvironment } from '../command.ts'
import { optionFindings } from './options.ts'
import type { ModelServer } from './model-server.ts'

/** The server's own options: flags of `hone_trainer serve`. */
const options = z.strictObject({
  /** Most answers that are decoded together. */
  maxBatch: z.int().positive().optional(),
  /** Longest answer, in tokens. */
  maxTokens: z.int().positive().optional(),
  precision: z.enum(['auto', 'fp32', 'bf16']).optional(),
})

/** Loading a large model may take minutes. */
const readyWithinSeconds = 900

const program = (environment: Environment, words: readonly string[]): Pick<Command, 'argv' | 'env'> => ({
  argv: [environment.python, '-m', 'hone_trainer', ...words],
  env: { PYTHONUNBUFFERED: '1' },
})

/** Hone's own small server, `hone_trainer serve`. It needs no GPU. */
export const honeServer: ModelServer = {
  name: 'hone',
  environment: 'trl',
  resources: (wish) => wish.resources,
  check: (wish) => optionFindings('hone', options, wish.options),
  plan: (served, environment) => {
    const { maxBatch, maxTokens, precision } = options.parse(served.options)
    const flags: [string, string | number | undefined][] = [
      ['--max-batch', maxBatch],
      ['--max-tokens', maxTokens],
      ['--precision', precision],
    ]
    const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]))
    const words = ['serve', '--model', served.model, '--name', served.name, '--host', '{host}', ...given]
    return {
      command: inEnvironment(
        {
          ...program(environment, [...words, '--port', '{port}']),
          kind: 'serve',
          secretEnv: [],
          cwd: served.run,
          gracePeriodSeconds: 10,
          resources: served.resources,
          setup: [],
        },
        environment,
      ),
      healthPath: '/health',
      readyModel: served.name,
      readyRoot: served.model,
      readyWithinSeconds,
    }
  },
  verify: ({ model, base, start, result, run, resources }, environment) => {
    const places = ['--model', model, '--base', base, '--start', start, '--result', result]
    return inEnvironment(
      {
        ...program(environment, ['verify', ...places]),
        kind: 'task',
        secretEnv: [],
        cwd: run,
        gracePeriodSeconds: 10,
        resources,
        setup: [],
      },
      environment,
    )
  },
}
