import { HoneError } from '../domain/errors.ts'

/** Says what a command has not done yet, and how to go on. */
type Unfinished = () => { message: string; nextStep: string }

const underWay = new Set<Unfinished>()

/** Runs `work`. If the process ends before it, `unfinished` is what the user is told. */
export async function withUnfinished<Result>(unfinished: Unfinished, work: () => Promise<Result>): Promise<Result> {
  underWay.add(unfinished)
  try {
    return await work()
  } finally {
    underWay.delete(unfinished)
  }
}

/**
 * Calls `end` if the process runs out of events before the result is called. A command that waits
 * for something that can no longer happen would end without a word, with Node's exit code 13. It is
 * a fault of Hone.
 */
export function onRunDry(end: (error: HoneError) => void): () => void {
  const runDry = () => {
    const { message, nextStep } = [...underWay][0]?.() ?? {
      message: 'The command ended before its work was done.',
      nextStep: 'Run it again.',
    }
    const fault = 'Nothing was left to wait for: this is a fault of Hone, please report it.'
    end(new HoneError({ type: 'StepIncomplete', message: `${message} ${fault}`, nextStep }))
  }
  process.once('beforeExit', runDry)
  return () => void process.removeListener('beforeExit', runDry)
}
