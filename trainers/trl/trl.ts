import { access } from 'node:fs/promises'
import { canonicalJson } from '../../domain/canonical.ts'
import type { Command } from '../../jobs/command.ts'
import { inEnvironment } from '../../jobs/command.ts'
import { refusal } from '../../jobs/finding.ts'
import type { Finding } from '../../jobs/finding.ts'
import { batchNotes, sharedBatch } from '../batch-notes.ts'
import { estimateStage, plannedSteps } from '../estimate.ts'
import { failureVerdict } from '../failures.ts'
import { readFlatLine } from '../flat-log.ts'
import type { TrainingStage } from '../stage.ts'
import type { Manifest, StageFacts, StageRun, Trainer } from '../trainer.ts'
import { checkedRows, writeWhole } from '../write-rows.ts'
import { configText } from './config.ts'
import { files, jobWord } from './files.ts'
import { listSnapshots, listTrainerCheckpoints } from './saved.ts'
import { resultVerdict } from './verdict.ts'

// trainer/hone_trainer/training.py keeps the newest two checkpoints.
const checkpointsKept = 2
/**
 * Exit status of `hone_trainer` for input that the user must mend. Its last line says what is wrong
 * (errors.py).
 */
const unusableInput = 2

// Names of TRL's trainers and of the reward client: trainer/hone_trainer/reward.py, TRL 1.16
// `grpo_trainer.py`.
const canonicalNames: Readonly<Record<string, string>> = {
  loss: 'loss',
  reward: 'reward.mean',
  reward_std: 'reward.std',
  kl: 'kl',
  entropy: 'entropy',
  'completions/mean_length': 'completion.len.mean',
  'completions/clipped_ratio': 'completion.clipped',
  grad_norm: 'grad_norm',
  learning_rate: 'lr',
  epoch: 'epoch',
  totalSteps: 'totalSteps',
  num_tokens: 'tokens',
}

const canonical = (name: string): string | null =>
  canonicalNames[name] ?? (name.startsWith('reward/') ? `reward.${name.slice(7)}` : null)

function check(stage: TrainingStage, facts: StageFacts): Finding[] {
  const found = [...sharedBatch(stage), ...batchNotes(stage, facts)]
  if (stage.kind === 'rl') {
    const { generation, loss = 'grpo', epsilonHigh } = stage.settings
    if ((generation?.mode === 'server') !== (generation?.serverUrl !== undefined))
      found.push(
        refusal('generation.serverUrl and generation.mode: server go together', 'give both, or use mode: colocate'),
      )
    if (loss === 'cispo' && epsilonHigh < 1)
      found.push(
        refusal(
          `with loss cispo epsilonHigh is the largest ratio itself, and ${epsilonHigh} would shrink every step`,
          'give 1 or more; its authors use 5 (arXiv 2506.13585)',
        ),
      )
  }
  return found
}

/**
 * The words of the command line. With several GPUs each GPU gets one process. The package starts
 * the processes, and ends with the status of the first process that failed.
 */
function jobWords(stage: TrainingStage, config: string): string[] {
  const { gpus = 1 } = stage.resources
  const job = [jobWord(stage), '--config', config]
  return gpus <= 1 ? job : ['launch', '--processes', String(gpus), ...job]
}

function command(stage: TrainingStage, run: StageRun): Command {
  const token = stage.kind === 'rl' ? (run.reward?.tokenEnv ?? null) : null
  return inEnvironment(
    {
      kind: 'train',
      argv: [run.environment.python, '-m', 'hone_trainer', ...jobWords(stage, files(run.there).config)],
      env: { PYTHONUNBUFFERED: '1', HONE_STAGE: stage.key, HONE_ATTEMPT: String(run.attempt) },
      secretEnv: token === null ? [] : [token],
      cwd: run.there,
      gracePeriodSeconds: 15,
      resources: stage.resources,
      setup: [],
    },
    run.environment,
  )
}

const madeSteps = (folder: string) =>
  access(files(folder).metrics).then(
    () => true,
    () => false,
  )

/**
 * Trains with TRL's SFTTrainer and GRPOTrainer through Hone's Python package `hone_trainer`. Each
 * attempt has one folder. Its input is settings and rows. Its output is metrics, checkpoints,
 * weights (`output/`) and the result.
 */
export const trl: Trainer = {
  name: 'trl',
  environment: 'trl',
  check,
  estimate: (stage, facts) => estimateStage(stage, facts, checkpointsKept),
  settings: (stage, run) => ({ 'config.json': configText(stage, run) }),
  materialize: async (stage, rows, run): Promise<Manifest> => {
    const { data, config, plan } = files(run.here)
    const lines = (async function* () {
      for await (const row of checkedRows(stage, rows, run)) yield `${canonicalJson(row)}\n`
    })()
    const { pieces, ...dataFile } = await writeWhole(run, data, lines)
    const { pieces: _, ...configFile } = await writeWhole(run, config, [configText(stage, run)])
    await writeWhole(run, plan, [`${canonicalJson({ rows: pieces, steps: plannedSteps(stage, null) })}\n`])
    return { files: [dataFile, configFile], rows: pieces }
  },
  command,
  logs: (run) => [{ path: files(run.here).metrics, read: readFlatLine(canonical) }],
  checkpoints: (run) => listTrainerCheckpoints(files(run.here).checkpoints),
  snapshots: listSnapshots,
  finalize: () => null,
  spent: (run) => {
    const { checkpoints, snapshots, output } = files(run.here)
    return [checkpoints, snapshots, output]
  },
  verdict: async (_stage, run, { status, logs }) => {
    if (status.state === 'succeeded') return await resultVerdict(run.here)
    return failureVerdict({ status, logs, madeSteps: await madeSteps(run.here), unusableInput })
  },
}
