import { z } from 'zod'
import { noCheck } from '../../domain/answer-check.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Outcome } from '../../domain/rows.ts'
import { longestCaption, readCaption } from './captions/read-caption.ts'
import { abilitiesOf, convertRules, pose } from './captions/rules.ts'
import type { Posed } from './captions/rules.ts'
import { sampleSeed } from '../rows/seeds.ts'
import { carried, dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('convert'),
  ...dataStepBase,
  /** The kinds of questions to ask. docs/convert.md says what each rule needs. */
  rules: z
    .array(z.enum(convertRules))
    .min(1)
    .default([...convertRules]),
  /** The most questions of one rule for one row. */
  maxEach: z.int().positive().max(20).default(2),
})

/**
 * Turns a description into questions with answers, by rules alone, for sources without questions.
 * docs/convert.md lists the rules with their measured precision. One row becomes one row for each
 * question. In doubt a rule asks nothing, because a model would learn a wrong answer.
 */
export const convert: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'write questions with answers from descriptions, by rules',
  // An upper limit: rules stay silent in doubt, so most captions give fewer questions.
  estimate: ({ rules, maxEach }) => ({ writes: 'question', rowsOut: new Set(rules).size * maxEach, calls: [] }),
  run(row, { options: { rules, maxEach }, seed }) {
    const description = row.description?.trim() ?? ''
    if (description === '') return Promise.resolve([dropped(row, 'no-description')])
    if (description.length > longestCaption) return Promise.resolve([dropped(row, 'description-too-long')])
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
 * Up to `most` questions. The same seed gives the same questions. Answers take turns: without turns
 * "yes" or 1 would be the answer to nearly everything.
 */
function choose(posed: readonly Posed[], most: number, seed: number, subject: string): Posed[] {
  const shuffled = posed
    .map((one) => ({ one, order: sampleSeed(seed, JSON.stringify([subject, one.question]), 0) }))
    .sort((a, b) => a.order - b.order || (a.one.question < b.one.question ? -1 : 1))
  const byAnswer = new Map<string, Posed[]>()
  for (const { one } of shuffled) byAnswer.set(one.answer, [...(byAnswer.get(one.answer) ?? []), one])
  // The draw of the first answer ignores how many questions have that answer.
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
