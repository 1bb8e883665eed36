import { describe, expect, it } from 'vitest'
import { rewardNames } from '../../domain/recipe/steps.ts'
import { readFormat } from '../../verifier/format.ts'
import { combineReward } from '../../verifier/reward.ts'
import { accuracyOf } from '../../verifier/verdict.ts'
import type { VerifyResult } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { hacks } from './hack-forms.ts'

/** The hacks of one run: every trick comes up many times for every kind of gold. */
const count = 4_000
const seed = 1

/** The reward of a result under each name that a recipe may use. */
function rewardsOf(result: VerifyResult, answer: string): number[] {
  return rewardNames.map((name) => combineReward(name, accuracyOf(result), readFormat(answer)).overall)
}

/** A hack with its result, and the honest answer to its task with its own result. */
const tried = [...hacks(seed, count)].map(({ task, trick, row }) => {
  const honest = `<think>I look at it.</think> So we have it. <answer>${task.honest}</answer>`
  return { task, trick, row, result: verifyCase(row), honest, paid: verifyCase({ ...row, answer: honest }) }
})

describe('a generated hack', () => {
  it('has a task that an honest answer is paid for', () => {
    expect(tried.filter(({ paid }) => paid.verdict !== 'correct').map(({ task }) => task)).toEqual([])
  })

  it('is never called correct, for any kind of gold', () => {
    const taken = tried.filter(({ result }) => result.verdict === 'correct')
    expect(taken.map(({ trick, row }) => ({ trick, row }))).toEqual([])
  })

  it('never earns as much as an honest answer', () => {
    const richer = tried.filter(({ row, result, honest, paid }) => {
      const most = rewardsOf(paid, honest)
      return rewardsOf(result, row.answer).some((reward, at) => reward >= (most[at] ?? 0))
    })
    expect(richer.map(({ trick, row }) => ({ trick, row }))).toEqual([])
  })

  it('covers every trick for every kind of gold', () => {
    const kinds = new Map<string, Set<string>>()
    for (const { trick, task } of tried) kinds.set(trick, (kinds.get(trick) ?? new Set<string>()).add(task.name))
    const few = [...kinds].filter(([trick, names]) => names.size < (trick === 'stop early' ? 3 : 22))
    expect({ tricks: kinds.size, few }).toEqual({ tricks: 9, few: [] })
  })
})
