import { canonicalJson } from '../../domain/canonical.ts'
import type { TrainingStage } from '../stage.ts'
import type { StageRun } from '../trainer.ts'
import { files, jobWord } from './files.ts'

/**
 * The settings file of trainer/hone_trainer/config.py. The trainer refuses unknown keys, so every
 * key here is meant.
 */
function configOf(stage: TrainingStage, run: StageRun): Record<string, unknown> {
  const { data, metrics, result, checkpoints, output } = files(run.there)
  const { scheduler, ...settings } = stage.settings
  return {
    ...settings,
    kind: jobWord(stage),
    scheduler: scheduler === 'constant' ? 'constant_with_warmup' : scheduler,
    model: run.see(run.weights.startFrom),
    base: run.see(run.weights.base),
    seed: stage.seed,
    resumeFrom: run.resume === null ? null : run.see(run.resume.path),
    data,
    metrics,
    result,
    checkpoints,
    output,
    ...(stage.kind === 'rl' ? { reward: { ...stage.reward, ...run.reward } } : {}),
    ...(Object.keys(stage.options).length > 0 && { options: stage.options }),
  }
}

/** The text of `config.json`: the same stage in the same folder gives the same bytes. */
export const configText = (stage: TrainingStage, run: StageRun): string => `${canonicalJson(configOf(stage, run))}\n`
