import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../../domain/canonical.ts'
import type { Command } from '../../jobs/command.ts'
import { inEnvironment } from '../../jobs/command.ts'
import { note, refusal } from '../../jobs/finding.ts'
import type { Finding } from '../../jobs/finding.ts'
import { batchNotes, sharedBatch } from '../batch-notes.ts'
import { estimateStage } from '../estimate.ts'
import { failureVerdict } from '../failures.ts'
import type { TrainingStage } from '../stage.ts'
import type { Manifest, StageEstimate, StageFacts, StageRun, Trainer } from '../trainer.ts'
import { otherMedia } from '../training-rows.ts'
import { writeWhole } from '../write-rows.ts'
import { checkpointsKept, configText, planOf, sftOf } from './config.ts'
import { datasetInfo } from './dataset-info.ts'
import { files } from './files.ts'
import { readLogLine } from './log.ts'
import { optionFindings } from './options.ts'
import { datasetName, rowLines } from './rows.ts'
import { listCheckpoints, spentPaths } from './saved.ts'
import { trainingVerdict, knownFailures } from './verdict.ts'

/** Exit status of run.py for input that the user must mend. Its last line says what is wrong. */
const unusableInput = 2

function check(stage: TrainingStage, facts: StageFacts): Finding[] {
  if (stage.kind !== 'sft') {
    return [refusal('LLaMA-Factory has no GRPO: it only trains sft steps', 'give the rl step `trainer: trl`')]
  }
  return [
    ...optionFindings(stage.options),
    ...sharedBatch(stage),
    ...batchNotes(stage, facts),
    ...pictureNotes(stage.settings),
  ]
}

function pictureNotes({
  imageMinPixels,
  imageMaxPixels,
}: Extract<TrainingStage, { kind: 'sft' }>['settings']): Finding[] {
  if (imageMinPixels === null && imageMaxPixels === null) return []
  return [
    note(
      'LLaMA-Factory resizes pictures to imageMinPixels and imageMaxPixels before the model’s processor rounds their ' +
        'sides: a picture may come out a patch wider than with trl',
    ),
  ]
}

/** Adapters and their moments are small beside a model. The facts do not say how small. */
function estimate(stage: TrainingStage, facts: StageFacts): StageEstimate {
  const found = estimateStage(stage, facts, checkpointsKept)
  const adapters = stage.settings.lora !== undefined
  return adapters && found.checkpointBytes !== 0 ? { ...found, checkpointBytes: null } : found
}

/** A command of run.py in the job's folder. */
function scriptCommand(stage: TrainingStage, run: StageRun, subcommand: 'train' | 'export'): Command {
  const paths = files(run.there)
  const { threads } = stage.settings
  const { gpus, ...withoutGpus } = stage.resources
  const alone = subcommand === 'export' || gpus === 0
  return inEnvironment(
    {
      kind: subcommand === 'train' ? 'train' : 'task',
      argv: [run.environment.python, join(paths.scripts, 'run.py'), subcommand],
      env: {
        PYTHONUNBUFFERED: '1',
        HF_HUB_OFFLINE: '1',
        // Tables of tokens. Without this they would pile up in the user's own cache.
        HF_DATASETS_CACHE: paths.cache,
        // Spinning threads starve each other when another program runs on the same cores
        // (hone_trainer/__main__.py).
        GOMP_SPINCOUNT: '1000',
        ...(threads !== undefined && { OMP_NUM_THREADS: String(threads) }),
        ...(alone && { CUDA_VISIBLE_DEVICES: '' }),
        HONE_STAGE: stage.key,
        HONE_ATTEMPT: String(run.attempt),
      },
      secretEnv: [],
      cwd: run.there,
      gracePeriodSeconds: 15,
      resources: subcommand === 'train' ? stage.resources : withoutGpus,
      setup: [],
    },
    run.environment,
  )
}

const settingsOf = (stage: TrainingStage, run: StageRun): Record<string, string> => ({
  'config.yaml': configText(stage, run),
  'dataset_info.json': datasetInfo(datasetName, 'train.jsonl'),
})

/** Programs in the job's folder: the job's machine need not have Hone. */
const scripts = ['run.py', 'hone_files.py', 'hone_prompts.py', 'hone_weights.py'] as const

async function scriptText(name: string, run: StageRun): Promise<[string, string]> {
  const text = await readFile(new URL(`scripts/${name}`, import.meta.url), 'utf8')
  return [join(files(run.here).scripts, name), text]
}

async function materialize(...[stage, rows, run]: Parameters<Trainer['materialize']>): Promise<Manifest> {
  const paths = files(run.here)
  const { pieces, ...data } = await writeWhole(run, paths.data, rowLines(stage, rows, run))
  const settings = settingsOf(stage, run)
  const texts: [string, string][] = [
    [paths.config, settings['config.yaml'] ?? ''],
    [paths.datasetInfo, settings['dataset_info.json'] ?? ''],
    [paths.plan, `${canonicalJson(planOf(stage, run, pieces))}\n`],
    ...(await Promise.all(scripts.map((name) => scriptText(name, run)))),
  ]
  const written = [data]
  for (const [path, text] of texts) {
    const { pieces: _, ...file } = await writeWhole(run, path, [text])
    written.push(file)
  }
  return { files: written, rows: pieces }
}

const madeSteps = (folder: string) =>
  access(files(folder).log).then(
    () => true,
    () => false,
  )

const failures = { known: knownFailures, unusableInput }

/**
 * Trains with LLaMA-Factory's SFT, all weights or adapters, in its own environment
 * (requirements.lock beside this file). `run.py` is in the job's folder and wraps
 * `llamafactory-cli`. A separate job merges adapters.
 */
export const llamafactory: Trainer = {
  name: 'llamafactory',
  environment: 'llamafactory',
  fileMarks: otherMedia,
  check,
  estimate,
  settings: settingsOf,
  materialize,
  command: (stage, run) => scriptCommand(stage, run, 'train'),
  logs: (run) => [{ path: files(run.here).log, read: readLogLine }],
  checkpoints: listCheckpoints,
  // Only reinforcement learning keeps the weights of single steps.
  snapshots: () => Promise.resolve([]),
  finalize: (stage, run) => (sftOf(stage).lora === undefined ? null : scriptCommand(stage, run, 'export')),
  spent: spentPaths,
  failures,
  verdict: async (_stage, run, { status, logs }) => {
    if (status.state === 'succeeded') return await trainingVerdict(run.here, logs)
    const steps = await madeSteps(run.here)
    return failureVerdict({ ...failures, status, logs, madeSteps: steps })
  },
}
