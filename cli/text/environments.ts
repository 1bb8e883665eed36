import { bytes, nothing } from './figures.ts'
import { table } from './table.ts'

/** A Python environment as `hone env` shows it. */
export interface ListedEnvironment {
  name: string
  purpose: string
  state: 'made' | 'not made' | 'yours' | 'impossible'
  python: string | null
  /**
   * Bytes on the disk, or about how many there will be; null for an environment of the user's own.
   */
  bytes: number | null
  /** Why the environment cannot be made here. */
  why: string | null
}

/** All environments, and below what each is for. */
export function environmentLines(environments: readonly ListedEnvironment[]): string[] {
  const columns = [{ head: 'NAME' }, { head: 'STATE' }, { head: 'SIZE', align: 'right' as const }, { head: 'WHERE' }]
  const cells = environments.map(({ name, state, bytes: size, python, why }) => [
    name,
    state,
    size === null ? nothing : `${state === 'made' ? '' : '~'}${bytes(size)}`,
    python ?? why ?? nothing,
  ])
  const purposes = environments.map(({ name, purpose }) => `  ${name.padEnd(14)}${purpose}`)
  return [...table(columns, cells), '', ...purposes]
}
