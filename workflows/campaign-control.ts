import type { RollbackCommand, RollbackResult } from './messages.ts'

/** A queued rollback, and the promise of its caller. */
interface PendingRollback {
  command: RollbackCommand
  id: string
  settle: { resolve: (result: RollbackResult) => void; reject: (reason: unknown) => void }
}

/**
 * Commands that arrived and are not carried out yet. Handlers only queue commands here and wait.
 * The campaign's main loop carries them out one at a time, so a rollback and a closing round can
 * never interleave.
 */
export class CampaignControl {
  /**
   * Null until a command or the stored status sets it. A command that arrives with the start wins
   * over the stored status.
   */
  isPaused: boolean | null = null
  /**
   * How often a person has resumed. It tells a command after a failure from a command before it.
   */
  resumes = 0
  private readonly rollbacks: PendingRollback[] = []

  /** Pauses or resumes. */
  hold(isPaused: boolean): void {
    this.isPaused = isPaused
    if (!isPaused) this.resumes += 1
  }

  /** Queues a rollback. The promise settles when the loop has carried it out. */
  requestRollback(id: string, command: RollbackCommand): Promise<RollbackResult> {
    return new Promise((resolve, reject) => {
      this.rollbacks.push({ command, id, settle: { resolve, reject } })
    })
  }

  get hasRollback(): boolean {
    return this.rollbacks.length > 0
  }

  /**
   * Carries out all queued rollbacks in their order. A failed rollback rejects its caller's
   * promise, and the next rollbacks still run.
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
