import { createRandom } from '../../../demo/random.ts'
import { drawScene, positionName } from '../../../demo/scene.ts'
import type { Scene } from '../../../demo/scene.ts'
import { demoTeacher, demoWorld } from '../../../demo/world.ts'

/** A teacher whose text roles never err. */
export const neverErring = {
  ...demoTeacher,
  askerErrorRate: 0,
  writerErrorRate: 0,
  screenerErrorRate: 0,
  judgeErrorRate: 0,
  judgeProseRate: 0,
}

/** Random scenes as the world draws them. */
export function manyScenes(count: number): Scene[] {
  const random = createRandom(11)
  return Array.from({ length: count }, () => drawScene(demoWorld.scene, random))
}

/** A description of the places that `isTold` accepts, by default of all places. */
export function describe(scene: Scene, isTold: (index: number) => boolean = () => true): string {
  return scene.cells
    .flatMap((cell, index) =>
      isTold(index)
        ? [`At the ${positionName(scene, index)} there is ${cell ? `a ${cell.color} ${cell.shape}` : 'nothing'}.`]
        : [],
    )
    .join(' ')
}
