import { setCampaignStatus } from '../db/campaigns.ts'
import { loadCampaign, moveHead, recordCommand } from './campaign-io.ts'
import { openDataStep, runDataShard, sealDataStep } from './data-steps.ts'
import type { Deps } from './deps.ts'
import { finishEvaluation, openEvaluation, runEvaluationShard } from './evaluation.ts'
import { beating } from './failures.ts'
import { decideGate } from './gate.ts'
import { closeRoundAs, openRoundPlan } from './round-io.ts'
import { finishSelection, openSelection } from './selection.ts'
import { releaseEndpoints } from './serving.ts'
import { finishTraining, openTraining, stopTraining, train } from './training.ts'
import type { HoneActivities, IoActivities } from './types.ts'

/** All activities over one set of dependencies. */
export function createActivities(deps: Deps): HoneActivities {
  const { db } = deps
  const io: IoActivities = {
    loadCampaign: (input) => beating(() => loadCampaign(db, input)),
    setCampaignStatus: ({ campaign, status, reason }) => beating(() => setCampaignStatus(db, campaign, status, reason)),
    recordCommand: (input) => beating(() => recordCommand(db, input)),
    moveHead: (input) => beating(() => moveHead(db, input)),
    openRound: (input) => beating(() => openRoundPlan(db, input)),
    closeRound: (input) => beating(() => closeRoundAs(deps, input)),
    openDataStep: (input) => openDataStep(deps, input),
    sealDataStep: (input) => sealDataStep(deps, input),
    openEvaluation: (input) => beating(() => openEvaluation(deps, input)),
    finishEvaluation: (input) => finishEvaluation(deps, input),
    openSelection: (input) => beating(() => openSelection(db, input)),
    finishSelection: (input) => beating((activity) => finishSelection(deps, input, activity)),
    openTraining: (input) => beating(() => openTraining(deps, input)),
    finishTraining: (input) => beating(() => finishTraining(deps, input)),
    decideGate: (input) => beating((activity) => decideGate(deps, input, activity)),
    stopStep: (input) => beating(() => stopTraining(deps, input)),
    releaseEndpoints: (input) => beating(() => releaseEndpoints(deps, input)),
  }
  return {
    io,
    inference: {
      runDataShard: (input) => runDataShard(deps, input),
      runEvaluationShard: (input) => runEvaluationShard(deps, input),
    },
    gpu: { train: (input) => train(deps, input) },
  }
}
