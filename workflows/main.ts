/** Everything the worker registers. Activities are reached by type only; this bundle is pure. */
export { campaign } from './campaign.ts'
export { round } from './round.ts'
export { dataStep, evaluation } from './step.ts'
