import { z } from 'zod'

export const anyStep = z.looseObject({ step: z.string(), phases: z.array(z.looseObject({})).optional() })
export type AnyStep = z.infer<typeof anyStep>
/** The step made so small that a training takes seconds. Its name, place and inputs stay. */
export function small(step: AnyStep): AnyStep {
  switch (step.step) {
    case 'mix':
      return { ...step, ...('maxEach' in step ? { maxEach: 6 } : {}), ...('maxRows' in step ? { maxRows: 24 } : {}) }
    case 'sft':
      return { ...step, learningRate: 2e-3, batchSize: 16, steps: 80 }
    case 'rl':
      return {
        ...step,
        learningRate: 1e-4,
        // A model without any right answer gets no gradient. Its weights must still change.
        weightDecay: 0.1,
        promptsPerStep: 4,
        generations: 4,
        steps: 3,
        maxCompletionTokens: 48,
        ...('snapshots' in step && { snapshots: { every: 1, last: 1 } }),
        ...(step.phases && {
          phases: step.phases.map((phase) => ({ ...phase, steps: 2, generations: 4, maxCompletionTokens: 48 })),
        }),
      }
    case 'synthesize':
      return { ...step, questions: 2 }
    default:
      return step
  }
}

/** The named sources or benchmarks, limited to this many rows. */
export const few = (limit: Record<string, number>, named: Record<string, object>) =>
  Object.fromEntries(Object.entries(named).map(([name, spec]) => [name, { ...spec, ...limit }]))
