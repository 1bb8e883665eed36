import { z } from 'zod'
import { noCheck } from '../../domain/answer-check.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Outcome } from '../../domain/rows.ts'
import { LONGEST_CAPTION, readCaption } from './captions/read-caption.ts'
import { abilitiesOf, convertRules, pose, type Posed } from './captions/rules.ts'
import { sampleSeed } from '../shards/seeds.ts'
import { carried, dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('convert'),
  ...dataStepBase,
  /** Which questions are asked; docs/convert.md says what each rule needs. */
  rules: z
    .array(z.enum(convertRules))
    .min(1)
    .default([...convertRules]),
  /** Questions of each rule for one row, at most. */
  maxEach: z.int().positive().max(20).default(2),
})

/**
 * Turns a description into questions with answers, by rules alone, for sources that have none: docs/convert.md names
 * them with their measured precision. One row becomes as many as there are questions; where the description leaves
 * doubt, none is asked, because a wrong answer would be learnt.
 */
export const convert: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'write questions with answers from descriptions, by rules',
  // Most captions have fewer: rules stay silent in doubt.
  estimate: ({ rules, maxEach }) => ({ writes: 'question', rowsOut: new Set(rules).size * maxEach, calls: [] }),
  run(row, { options: { rules, maxEach }, seed }) {
    const description = row.description?.trim() ?? ''
    if (description === '') return Promise.resolve([dropped(row, 'no-description')])
    if (description.length > LONGEST_CAPTION) return Promise.resolve([dropped(row, 'description-too-long')])
    const reading = readCaption(description)
    const outcomes = [...new Set(rules)].flatMap((rule) =>
      choose(pose[rule](reading), maxEach, seed, row.originId).map((posed): Outcome => {
        const metadata = {
          ...carried(row.metadata),
          type: 'fill-in',
          category: rule,
          abilities: abilitiesOf[rule],
          reward: 'rule',
        }
        return kept(row, { changes: { ...noCheck, ...posed, trace: null, verdict: null, metadata } })
      }),
    )
    return Promise.resolve(outcomes.length > 0 ? outcomes : [dropped(row, 'nothing-to-ask')])
  },
}

/**
 * Up to `most` questions, the same ones for the same seed. Answers take turns, so that neither "yes" nor 1 becomes the
 * answer to nearly everything.
 */
function choose(posed: readonly Posed[], most: number, seed: number, subject: string): Posed[] {
  const shuffled = posed
    .map((one) => ({ one, order: sampleSeed(seed, JSON.stringify([subject, one.question]), 0) }))
    .sort((a, b) => a.order - b.order || (a.one.question < b.one.question ? -1 : 1))
  const byAnswer = new Map<string, Posed[]>()
  for (const { one } of shuffled) byAnswer.set(one.answer, [...(byAnswer.get(one.answer) ?? []), one])
  // Which answer begins is drawn apart from how many questions have it.
  const groups = [...byAnswer]
    .map(([answer, group]) => ({ group, order: sampleSeed(seed, JSON.stringify([subject, answer]), 1) }))
    .sort((a, b) => a.order - b.order)
  const chosen: Posed[] = []
  for (let turn = 0; chosen.length < Math.min(most, posed.length); turn += 1)
    for (const { group } of groups) {
      const one = group[turn]
      if (one !== undefined && chosen.length < most) chosen.push(one)
    }
  return chosen
}
