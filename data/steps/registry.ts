import { HoneError } from '../../domain/errors.ts'
import { agree } from './agree.ts'
import { bridge } from './bridge.ts'
import { clean } from './clean.ts'
import { convert } from './convert.ts'
import { decontaminate } from './decontaminate.ts'
import { dedupe } from './dedupe.ts'
import { describe } from './describe.ts'
import { dialogue } from './dialogue.ts'
import { gradeDifficulty } from './grade-difficulty.ts'
import { mix } from './mix.ts'
import { rate } from './rate.ts'
import { reason } from './reason.ts'
import { rewrite } from './rewrite.ts'
import { sample } from './sample.ts'
import { screen } from './screen.ts'
import { select } from './select.ts'
import type { DataStep } from './step.ts'
import { synthesize } from './synthesize.ts'
import { verify } from './verify.ts'
import { own } from '../../domain/own.ts'

/** Every data step by its name in recipes. A new step is one file and one line here. */
export const dataSteps: Readonly<Record<string, DataStep>> = {
  describe,
  dialogue,
  synthesize,
  screen,
  bridge,
  reason,
  agree,
  rewrite,
  verify,
  clean,
  convert,
  select,
  sample,
  mix,
  rate,
  'grade-difficulty': gradeDifficulty,
  dedupe,
  decontaminate,
}

/**
 * The metadata field by which a step of a recipe groups its rows; null for a step that groups no
 * rows.
 */
export function groupFieldOf(step: { step: string }): string | null {
  const definition = own(dataSteps, step.step)
  if (definition?.per !== 'dataset') return null
  return definition.groupField?.(definition.options.parse(step)) ?? null
}

/** The data step of this name. Throws InvalidRecipe for a step that this version does not know. */
export function dataStepNamed(name: string): DataStep {
  const step = own(dataSteps, name)
  if (step) return step
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `this worker knows no data step "${name}"`,
    nextStep: 'run a worker of the version that started the campaign',
  })
}
