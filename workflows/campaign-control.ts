import type { RollbackCommand, RollbackResult } from './messages.ts'

/** A rollback that waits to be carried out, and who waits for it. */
interface PendingRollback {
  command: RollbackCommand
  id: string
  settle: { resolve: (result: RollbackResult) => void; reject: (reason: unknown) => void }
}

/**
 * Commands that arrived and are not carried out yet. Handlers only put commands here and wait. The
 * campaign's main loop carries them out one at a time, so that a rollback and a closing round never
 * interleave.
 */
export class CampaignControl {
  /**
   * Null until a command or the stored status says it. A command that came with the start wins over
   * the stored status.
   */
  isPaused: boolean | null = null
  /** Counts resumes: a failure looks whether a person resumed after it or before it. */
  resumes = 0
  private readonly rollbacks: PendingRollback[] = []

  /** Pauses or resumes. */
  hold(isPaused: boolean): void {
    this.isPaused = isPaused
    if (!isPaused) this.resumes += 1
  }

  /** Queues a rollback; the promise settles when the loop has carried it out. */
  requestRollback(id: string, command: RollbackCommand): Promise<RollbackResult> {
    return new Promise((resolve, reject) => {
      this.rollbacks.push({ command, id, settle: { resolve, reject } })
    })
  }

  get hasRollback(): boolean {
    return this.rollbacks.length > 0
  }

  /**
   * Carries out all queued rollbacks in the order in which they came. The caller of a rollback that
   * fails is told; the other rollbacks go on.
   */
  async carryOutRollbacks(move: (command: RollbackCommand, id: string) => Promise<RollbackResult>): Promise<void> {
    for (let next = this.rollbacks.shift(); next; next = this.rollbacks.shift()) {
      try {
        next.settle.resolve(await move(next.command, next.id))
      } catch (error) {
        next.settle.reject(error)
      }
    }
  }
}
