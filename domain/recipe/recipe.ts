import { z } from 'zod'
import { answerPolicy } from '../answer-check.ts'
import { looksLikeHubId } from '../base-model.ts'
import { budget, checkBudget } from '../budget.ts'
import { campaignSlug, stepName } from '../ids.ts'
import { endpointSpec, usualMaxPixels } from './endpoints.ts'
import type { EndpointSpec, UrlEndpoint } from './endpoints.ts'
import { jobsSpec } from './jobs.ts'
import { checkReferences } from './check-references.ts'
import { evaluateStep, gateStep, rlStep, selectCheckpointStep, sftStep } from './steps.ts'

export { usualMaxPixels }
export type { EndpointSpec, UrlEndpoint }

/**
 * A folder of pictures with a JSONL file, a split of the demo world (`demo:train`), or imported
 * data (`import:NAME`), with all its rows.
 */
const source = z.strictObject({ path: z.string().min(1), maxRows: z.int().positive().optional() })

/** Items with answers. They measure a model. `dev` steers gates; `report` is only read. */
const benchmark = z.strictObject({
  path: z.string().min(1),
  role: z.enum(['dev', 'report']),
  maxItems: z.int().positive().optional(),
  temperature: z.number().min(0).max(2).default(0),
  topP: z.number().positive().max(1).default(1),
  maxTokens: z.int().positive().default(2048),
  /**
   * Larger pictures are shrunk before they are sent. Part of a score's identity, like the decoding.
   */
  imageMaxPixels: z.int().positive().default(usualMaxPixels),
  /**
   * Endpoint (a URL) of a judge for answers that rules leave open. Scores of different judges are
   * never compared.
   */
  judge: z.string().min(1).optional(),
})
export type BenchmarkSpec = z.infer<typeof benchmark>

const baseModel = z
  .strictObject({
    /**
     * `demo:base`, a folder in Hugging Face layout, or a hub id such as
     * `Qwen/Qwen2.5-VL-7B-Instruct`.
     */
    path: z.string().min(1),
    /**
     * Branch, tag or commit of a hub id; its main branch when absent. The commit that it led to is
     * kept with the campaign.
     */
    revision: z
      .string()
      .regex(/^[\w][\w./-]*$/, 'give a branch, a tag or a commit')
      .optional(),
  })
  .refine(({ path, revision }) => revision === undefined || looksLikeHubId(path), {
    path: ['revision'],
    error: 'only a hub id, such as Qwen/Qwen2.5-VL-7B-Instruct, has revisions: leave it out',
  })
export type BaseModelSpec = z.infer<typeof baseModel>

const limits = z
  .strictObject({
    /** A data step fails when a larger share of its rows failed. Dropped rows do not count. */
    failedRowsPercent: z.number().min(0).max(100).default(5),
    attemptsPerJob: z.int().min(1).max(20).default(3),
    queueHours: z.number().positive().default(24),
    runHours: z.number().positive().default(72),
    /** A training job without a new step for this long is stopped. */
    stallMinutes: z.number().positive().default(30),
    shardRows: z.int().min(1).max(4096).default(128),
    lanes: z.int().min(1).max(64).default(4),
    /** Budget of model calls. The campaign is paused there, and `hone resume --budget` goes on. */
    budget: budget.optional(),
  })
  .prefault({})

/**
 * What the user measured on the training machine. Plans compute GPU hours from it, and only plans
 * read it. There is no default: even one paper's figures for one recipe differ (OpenVLThinker v3:
 * SFT takes 3.5 minutes in table 8 and 30 in appendix C).
 */
const rates = z.strictObject({
  /**
   * GPUs that trained together when the rates were measured. Plans show it beside the GPU hours. It
   * asks for no GPUs: `resources.gpus` of `jobs` and of a step does.
   */
  gpus: z.int().positive().default(1),
  /** Tokens of SFT rows (pictures, question and trace) that one GPU processes in a second. */
  sftTokensPerGpuSecond: z.number().positive().optional(),
  /** Completion tokens of RL that one GPU processes in a second, from sampling to update. */
  rlTokensPerGpuSecond: z.number().positive().optional(),
})

/** Fields that every data step has in a recipe besides its own options. */
export const dataStepBase = {
  /**
   * Name in tables and UI; the step's kind when absent. Two steps of one kind in a round need
   * names.
   */
  name: stepName.optional(),
  /** Sources or earlier steps that the rows come from; the data step before when absent. */
  from: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /**
   * Requests of a higher priority go first, across all campaigns that ask the same server. 0 when
   * absent.
   */
  priority: z.int().min(-100).max(100).optional(),
}

/** Options of one data step, defined in its own file in data/steps. `step` is its name. */
export type DataStepSchema = z.ZodObject<{ step: z.ZodLiteral<string> } & typeof dataStepBase>

/**
 * The recipe's schema for a vocabulary of data steps: the registry in data/steps passes its own.
 */
export function recipeSchema(dataSteps: readonly [DataStepSchema, ...DataStepSchema[]]) {
  const step = z.discriminatedUnion('step', [
    ...dataSteps,
    sftStep,
    rlStep,
    selectCheckpointStep,
    evaluateStep,
    gateStep,
  ])
  return z
    .strictObject({
      /** Version of this format. */
      hone: z.literal(1),
      campaign: campaignSlug,
      title: z.string().max(200).optional(),
      /** Round 0. */
      baseModel,
      endpoints: z.record(stepName, endpointSpec).default({}),
      sources: z.record(stepName, source),
      benchmarks: z.record(stepName, benchmark).default({}),
      /**
       * Appended to every question that the trained model sees, in SFT, RL, sampling and evaluation
       * alike.
       */
      promptSuffix: z.string().default(''),
      /**
       * How answers are checked where a row's own policy says nothing, in data steps, evaluation
       * and rewards alike. Part of a score's identity.
       */
      policy: answerPolicy.optional(),
      seed: z.int().min(0).default(1),
      /** What trains and serves, and where. Steps and endpoints may override these defaults. */
      jobs: jobsSpec.optional(),
      rounds: z.strictObject({
        count: z.int().min(1).max(100),
        first: z.array(step).min(1),
        /** Steps of the second and later rounds; `first` again when absent. */
        next: z.array(step).min(1).optional(),
        /** Rounds that differ from `next`, by their distance from the base model, e.g. "3". */
        at: z.record(z.string().regex(/^[1-9]\d?$/, 'use the number of a round'), z.array(step).min(1)).optional(),
      }),
      limits,
      rates: rates.optional(),
    })
    .superRefine(checkReferences)
    .superRefine(checkBudget)
}

/**
 * A parsed recipe. Data steps keep their options as they were written; each step's own schema has
 * checked them.
 */
export type Recipe = z.infer<ReturnType<typeof recipeSchema>>
