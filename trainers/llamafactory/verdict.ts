import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { verifyCheckpointFiles } from '../../artifacts/verify.ts'
import { errorCode } from '../../domain/errors.ts'
import { parsePythonJson } from '../../domain/json-text.ts'
import type { JobLogs } from '../../jobs/launchers/contract.ts'
import type { KnownFailure, TrainerVerdict } from '../trainer.ts'
import { fatal, filesProblem, rowsProblem, stepsProblem } from '../training-problems.ts'
import { files, planFile, resultsFile, rowsFile, stateFile } from './files.ts'
import type { PlanFile } from './files.ts'
import { readLogLine } from './log.ts'
import { adapterProblems } from './saved.ts'

/** Failures that only LLaMA-Factory has. */
export const knownFailures: readonly KnownFailure[] = [
  {
    pattern: /Some (?:keys|specified arguments) are not used by the HfArgumentParser/,
    reason: 'LLaMA-Factory does not know a key of its config',
    nextStep: 'Remove the key from the options of the step; the end of its log names the key.',
  },
  {
    // extras/misc.py checks versions and optional packages by transformers' require_version.
    pattern: /To fix: run `pip install|is required for (?:a normal functioning|this feature)|PackageNotFoundError/,
    reason: 'the Python environment lacks a package or has another version of it',
    nextStep:
      'Install the package that the end of its log names into the environment `llamafactory`, or remove the option that needs it.',
  },
  {
    pattern: /No module named '?llamafactory/,
    reason: 'the Python environment has no LLaMA-Factory',
    nextStep:
      'Run `hone env llamafactory`, or name a Python that has LLaMA-Factory in the site file (environments.llamafactory).',
  },
  {
    pattern: /Cannot find valid samples/,
    reason: 'LLaMA-Factory found no row that it can train on',
    nextStep: 'Look at the start of its log for the reason.',
  },
  { pattern: /Output directory already exists and is not empty/, reason: 'an earlier run left weights in its folder' },
]

/**
 * The content of a file. Null when the file is absent or incomplete: the process may have died
 * while it wrote.
 */
async function readIfWhole<T>(path: string, shape: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
  return text === null ? null : (shape.safeParse(parsePythonJson(text)).data ?? null)
}

/** The verdict on an attempt that ended with exit code 0, by the product's own files. */
export async function trainingVerdict(folder: string, logs: JobLogs): Promise<TrainerVerdict> {
  const paths = files(folder)
  const plan = await readIfWhole(paths.plan, planFile)
  const state = await readIfWhole(paths.state, stateFile)
  const results = await readIfWhole(paths.results, resultsFile)
  if (plan === null || state === null || results === null) {
    return { outcome: 'retryable', reason: 'it ended with exit code 0 and wrote no trainer_state.json' }
  }
  const steps = stepsProblem(state.global_step, { plan: plan.steps, product: state.max_steps })
  if (steps !== null) return steps
  const rowsRead = (await readIfWhole(paths.rows, rowsFile))?.rows ?? rowsInLog(logs)
  const problem = lossProblem(state) ?? (await resumeProblem(paths.log, plan)) ?? rowsProblem(rowsRead, plan.rows)
  if (problem !== null) return problem
  const broken = plan.lora ? await adapterProblems(paths.trained) : (await verifyCheckpointFiles(paths.output)).problems
  const cut = filesProblem(broken)
  if (cut !== null) return cut
  const seconds = results.train_runtime
  return { outcome: 'ok', output: paths.output, stepsDone: state.global_step, rowsRead, seconds, verified: null }
}

function lossProblem(state: z.infer<typeof stateFile>): TrainerVerdict | null {
  const first = state.log_history.find(({ loss }) => loss === null)
  return first === undefined
    ? null
    : fatal(
        `the loss was no number from step ${first.step} on: the training diverged`,
        'Lower learningRate, or lengthen warmupRatio; with precision bf16 try fp32.',
      )
}

/** A product that does not find a checkpoint's step starts from the beginning without a message. */
async function resumeProblem(log: string, { resumedFrom }: PlanFile): Promise<TrainerVerdict | null> {
  if (resumedFrom === null) return null
  const [first] = (await readFile(log, 'utf8').catch(() => '')).split('\n')
  if (first === undefined || first === '') return null // only saving was left to do
  const logged = readLogLine(parsePythonJson(first))
  if (logged === null || logged === 'skip' || logged.step > resumedFrom) return null
  return fatal(
    `it was to go on from step ${resumedFrom} and began again at step ${logged.step}`,
    'Retry the step from its start: the checkpoint is not one that LLaMA-Factory can go on from.',
  )
}

/**
 * The row count in a log line of transformers' Trainer, if the log still holds that line. With
 * several devices run.py does not see this line.
 */
function rowsInLog({ stderr }: JobLogs): number | null {
  const found = /Num examples = ([\d,]+)/.exec(stderr)?.[1]
  return found === undefined ? null : Number(found.replaceAll(',', ''))
}
