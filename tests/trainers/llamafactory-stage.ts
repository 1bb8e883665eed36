import type { ProductOptions } from '../../domain/job-resources.ts'
import type { SftSettings, TrainingStage } from '../../trainers/stage.ts'
import type { StageFacts, StageRun } from '../../trainers/trainer.ts'
import type { SftRow } from '../../trainers/rows.ts'
import { optimiser } from './settings.ts'

type SftStage = Extract<TrainingStage, { kind: 'sft' }>

export const sftSettings: SftSettings = {
  ...optimiser,
  learningRate: 2e-4,
  warmupRatio: 0.1,
  saveEverySteps: 20,
  batchSize: 32,
  maxSteps: 40,
}

export const adapters: NonNullable<SftSettings['lora']> = { rank: 8, alpha: 16, dropout: 0, excludeVision: true }

/** An SFT stage. `settings` replace the settings above. */
export function sftStage(
  settings: Partial<SftSettings> = {},
  rest: { options?: ProductOptions; gpus?: number; seed?: number } = {},
): SftStage {
  const { options = {}, gpus, seed = 1 } = rest
  return {
    kind: 'sft',
    key: 'demo/round/1/sft',
    startFrom: 'start',
    base: 'base',
    rowsHash: 'rows',
    seed,
    options,
    resources: gpus === undefined ? {} : { gpus },
    settings: { ...sftSettings, ...settings },
  }
}

/** A run in `folder`. The job sees all paths below `/shared`. */
export const runIn = (folder: string, rest: Partial<StageRun> = {}): StageRun => ({
  key: 'demo/round/1/sft/attempt-1',
  here: folder,
  there: '/shared/run',
  see: (path) => `/shared${path}`,
  environment: { name: 'llamafactory', python: '/env/bin/python', env: { SITE: '1' }, setup: [], prefix: ['run-in'] },
  attempt: 1,
  weights: { startFrom: '/w/start', base: '/w/base' },
  reward: null,
  resume: null,
  ...rest,
})

export const facts: StageFacts = {
  rows: 148,
  model: { bytes: 7_000_000, parameters: 1_756_160 },
  sequenceTokens: 80,
}

export const sftRow = (number: number, reply = `<answer>${number}</answer>`): SftRow => ({
  id: `r${number}`,
  images: ['/pictures/a'],
  messages: [
    { role: 'user', content: '<image>How many?' },
    { role: 'assistant', content: reply },
  ],
})

export async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows
}
