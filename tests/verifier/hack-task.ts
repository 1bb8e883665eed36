import type { VerifyCase } from '../../verifier/verdict.ts'

/** A task with its gold answer, as a policy sees it that wants the reward without the work. */
export interface Task extends Omit<VerifyCase, 'id' | 'answer'> {
  name: string
  /** The gold as an honest policy writes it. */
  honest: string
  /** Texts of the task that hold its answer, but do not give it. */
  questions: readonly string[]
  /** Answers that are nearly right. */
  near: readonly string[]
  /** The gold without its unit, sign, repeats or items. */
  less: readonly string[]
}

/** A number as a text. */
export const text = (n: number): string => String(n)
