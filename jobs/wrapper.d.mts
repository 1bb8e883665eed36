/** Exit code of a second copy of a job: another wrapper has the claim. */
export const claimedElsewhere: 90
/** Boot id of this machine; null where the system has none. */
export function bootId(): string | null
/** Start of a living process in clock ticks after boot; null when it is gone or a zombie. */
export function startTicks(pid: number): number | null
/** Ids of living processes whose environment carries `HONE_JOB_ID=<id>`, whatever session or group they moved to. */
export function processesOf(jobId: string): number[]
/** Writes JSON beside its final name, forces it to disk, then renames it. */
export function writeJson(path: string, value: unknown): void
/** Sends TERM, then KILL after the grace, until none of the job's processes is left. Returns how many there were. */
export function endProcesses(jobId: string, graceSeconds: number, except?: number): Promise<number>
