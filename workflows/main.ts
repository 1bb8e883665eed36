/**
 * All workflows that the worker registers. Workflows use activities only as types, so this bundle
 * is pure.
 */
export { campaign } from './campaign.ts'
export { round } from './round.ts'
export { dataStep, evaluation } from './step.ts'
