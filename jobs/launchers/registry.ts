import type { LauncherKind } from './kind.ts'
import { localKind } from './local/kind.ts'
import { slurmKind } from './slurm/kind.ts'

/**
 * Every kind of launcher by its name in site files. To add a kind, add a folder beside this file
 * and a line here.
 */
export const launcherKinds: Readonly<Record<string, LauncherKind>> = { local: localKind, slurm: slurmKind }
