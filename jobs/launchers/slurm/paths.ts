import { isAbsolute, normalize } from 'node:path'
import { HoneError } from '../../../domain/errors.ts'

/**
 * The two names of one folder, as absolute paths: as this process sees it, and as the jobs see it.
 */
export interface PathPair {
  here: string
  there: string
}

const trim = (path: string) => normalize(path).replace(/(?<=.)\/+$/, '')

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

/**
 * Maps paths of this process to the paths that jobs see. Without pairs both are the same, as on
 * most clusters. With pairs the longest match is used. Throws HoneError (InvalidInput) for a path
 * that matches no pair, or is not absolute.
 */
export function pathView(pairs: readonly PathPair[], place: string): (path: string) => string {
  const known = pairs
    .map(({ here, there }) => ({ here: trim(here), there: trim(there) }))
    .sort((a, b) => b.here.length - a.here.length)
  return (path) => {
    if (!isAbsolute(path)) throw unseen(path, place, 'It is not absolute.')
    const clean = trim(path)
    if (known.length === 0) return clean
    const pair = known.find(({ here }) => isBelow(clean, here))
    if (pair === undefined) throw unseen(path, place, `Shared are ${known.map(({ here }) => here).join(', ')}.`)
    return trim(`${pair.there}/${clean.slice(pair.here.length)}`)
  }
}

function unseen(path: string, place: string, why: string): HoneError {
  return new HoneError({
    type: 'InvalidInput',
    message: `Jobs at place ${place} do not see ${path}. ${why}`,
    nextStep: 'Put it below a shared folder, or name its folder under `paths` of the place in the site file.',
  })
}
