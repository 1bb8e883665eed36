import { z } from 'zod'

/** Slug of a campaign. Its workflow id, its folder and its URL are made of it. */
export const campaignSlug = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/,
    'use 1 to 48 lower-case letters, digits and inner hyphens, e.g. "geometry-3b"',
  )

/** Name of a step within its round. */
export const stepName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/,
    'use 1 to 48 lower-case letters, digits and inner hyphens, e.g. "rl-hard"',
  )

/** Workflow ids can be read, and are never random: they make a start idempotent. */
export const campaignWorkflowId = (campaign: string): string => `campaign/${campaign}`
export const roundWorkflowId = (campaign: string, round: number): string => `campaign/${campaign}/round/${round}`
export const stepWorkflowId = (campaign: string, round: number, step: string): string =>
  `campaign/${campaign}/round/${round}/step/${step}`

/** Identity of a step everywhere outside Temporal: job keys, run folders, checkpoint names. */
export const stepKey = (campaign: string, round: number, step: string): string => `${campaign}/${round}/${step}`

/**
 * Name of a training phase's job, in Postgres, in run folders and in logs. A step without phases is
 * its own phase.
 */
export const jobKey = (campaign: string, round: number, step: string, phase: string): string =>
  phase === step ? stepKey(campaign, round, step) : `${stepKey(campaign, round, step)}/${phase}`

/** Task queues, one for each resource. */
export const taskQueues = {
  orchestrator: 'hone-orchestrator',
  io: 'hone-io',
  inference: 'hone-inference',
  gpu: 'hone-gpu',
} as const

/** Search attributes that campaigns and rounds carry, with Temporal's types. */
export const searchAttributeTypes = {
  Campaign: 'KEYWORD',
  Round: 'INT',
  Step: 'KEYWORD',
  Decision: 'KEYWORD',
  Score: 'DOUBLE',
} as const

/** Prefix of an import's name where a recipe names a path. */
export const importPrefix = 'import:'
