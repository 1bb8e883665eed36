import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../world/slurm-processes.ts'

const commands = ['sbatch', 'squeue', 'scontrol', 'scancel', 'sinfo', 'sacct']

/**
 * A folder of Slurm's commands. Some of them fail in a way that the real commands rarely do. In a
 * script `$REAL` is the real command.
 */
export function fakeCommands(folder: string, scripts: Partial<Record<string, string>>): string {
  const bin = join(folder, `bin-${Object.keys(scripts).join('-')}-${Math.random().toString(36).slice(2)}`)
  mkdirSync(bin)
  for (const name of commands) {
    const real = findProgram(name) ?? name
    const path = join(bin, name)
    const script = scripts[name]
    if (script === undefined) symlinkSync(real, path)
    else writeFileSync(path, `#!/bin/sh\n# Fake ${name}\nREAL=${real}\n${script}\n`)
    if (script !== undefined) chmodSync(path, 0o755)
  }
  return bin
}
