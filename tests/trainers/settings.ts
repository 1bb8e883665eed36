/** Settings that most test stages share, of both kinds. A test spreads them and adds its own. */
export const optimiser = {
  scheduler: 'constant' as const,
  weightDecay: 0,
  logEverySteps: 5,
  precision: 'auto' as const,
  freezeVision: false,
  imageMinPixels: null,
  imageMaxPixels: null,
}

/** Settings that most test stages of reinforcement learning share, besides {@link optimiser}. */
export const policy = {
  temperature: 1,
  topP: 1,
  klBeta: 0,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  dropZeroSpread: true,
}
