import type { Draw } from '../../bench/verifier/draw.ts'
import { mathTasks } from './hack-math-tasks.ts'
import { otherTasks } from './hack-other-tasks.ts'
import type { Task } from './hack-task.ts'

const tasks = [...mathTasks, ...otherTasks]

/** A task of the kind that is next in turn. Throws RangeError when there are no tasks. */
export function taskAt(turn: number, draw: Draw): Task {
  const make = tasks[turn % tasks.length]
  if (make === undefined) throw new RangeError('There are no tasks.')
  return make(draw)
}
