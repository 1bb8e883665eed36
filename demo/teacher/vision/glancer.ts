import { readScene } from '../see.ts'
import { wordCaption } from './caption-words.ts'
import type { Belief } from './caption-words.ts'
import { roleByPrompt, roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'

const look: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('glance', image, prompt, seed, settings)
  const loose: string[] = []
  const beliefs = scene.cells.map((cell): Belief => {
    if (!random.chance(settings.glanceLossShare)) return cell
    if (cell !== null && random.chance(0.5)) loose.push(`There is also a ${cell.color} ${cell.shape}.`)
    return undefined
  })
  return [wordCaption(scene, beliefs, random), ...loose].join(' ')
}

/**
 * Describes a picture at a glance: a set share of the cells is left out, or a thing is named
 * without its place, so that there is something to ask. What it says is true.
 */
export const glance = roleByPrompt('demo-glancer', 'a prompt that asks for a description', { describe: look })
