import { easyr1RewardFile } from '../easyr1/reward-file.ts'
import { swiftRewardFile } from '../swift/reward-file.ts'
import { trlRewardFile } from '../trl/reward-file.ts'
import { verlRewardFile } from '../verl/reward-file.ts'
import type { RewardFile } from './contract.ts'

/** Every trainer that Hone writes a reward file for, by the name of `hone shim --trainer`. */
export const rewardFiles = {
  trl: trlRewardFile,
  easyr1: easyr1RewardFile,
  verl: verlRewardFile,
  swift: swiftRewardFile,
} satisfies Readonly<Record<string, RewardFile>>

export type ShimTrainer = keyof typeof rewardFiles

/** The names of {@link rewardFiles}, in its order. */
export const shimTrainers = Object.keys(rewardFiles) as ShimTrainer[]
