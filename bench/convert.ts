import { convert } from '../data/steps/convert.ts'
import { convertRules } from '../data/steps/captions/rules.ts'
import { drawPicture } from '../demo/picture.ts'
import { createRandom, seedOf } from '../demo/random.ts'
import { positionName } from '../demo/scene.ts'
import type { Scene } from '../demo/scene.ts'
import { describePicture } from '../demo/teacher/captioner.ts'
import { allotScenes, demoTeacher, demoWorld } from '../demo/world.ts'
import { noCheck } from '../domain/answer-check.ts'
import type { Row } from '../domain/rows.ts'
import { wilson } from '../evaluation/statistics.ts'

/**
 * Measures the rules of `convert` on the demo world: on drawn scenes with the captioner's words.
 * The true scene judges each answer. `npx tsx bench/convert.ts [scenes]`.
 */
const limit = Number(process.argv[2] ?? 1600)
const scenes = allotScenes().train.slice(0, limit)

const pictures = await Promise.all(
  scenes.map((scene, index) =>
    drawPicture(scene, demoWorld.picture, createRandom(seedOf(demoWorld.seed, 'picture', 'train', index))),
  ),
)

for (const captionErrorRate of [0, demoTeacher.captionErrorRate, 1]) {
  const tally = new Map(
    convertRules.map((rule) => [rule as string, { asked: 0, right: 0, unread: 0, yes: 0, yesNo: 0 }]),
  )
  let silent = 0
  const began = performance.now()
  for (const [index, scene] of scenes.entries()) {
    const picture = pictures[index]
    if (picture === undefined) continue
    const description = await describePicture(picture, 1, { ...demoTeacher, captionErrorRate })
    const options = convert.options.parse({ step: 'convert' })
    const outcomes = await convert.run(sourceRow(index, description), {
      options,
      seed: 1,
      overview: undefined,
      promptSuffix: '',
      ask: () => Promise.reject(new Error('convert asks nobody')),
    })
    for (const { status, changes } of outcomes) {
      const counts = tally.get(String(changes.metadata?.['category']))
      if (status !== 'kept' || counts === undefined) silent += 1
      else {
        const truth = answerOn(scene, changes.question ?? '')
        counts.asked += 1
        if (truth === null) counts.unread += 1
        else if (truth === changes.answer) counts.right += 1
        if (changes.kind === 'yesno') counts.yesNo += 1
        if (changes.answer === 'yes') counts.yes += 1
      }
    }
  }
  const seconds = (performance.now() - began) / 1000
  console.log(
    `\ncaption error rate ${captionErrorRate}: ${scenes.length} pictures, ${silent} without a question, ${seconds.toFixed(1)} s`,
  )
  console.log('| rule | questions | right | precision [95 %] | "yes" of yes/no |\n|---|---|---|---|---|')
  for (const [rule, { asked, right, unread, yes, yesNo }] of tally) {
    if (unread > 0) throw new Error(`the bench cannot read ${unread} questions of ${rule}: teach it their form`)
    const { low, high } = wilson(right, asked)
    const shown = [right / asked, low, high].map((share) => (share * 100).toFixed(1))
    console.log(
      `| ${rule} | ${asked} | ${right} | ${shown[0]} % [${shown[1]}, ${shown[2]}] | ${yesNo === 0 ? '' : `${((100 * yes) / yesNo).toFixed(0)} %`} |`,
    )
  }
}

function sourceRow(index: number, description: string): Row {
  const id = `train-${index}`
  return {
    id,
    parentId: null,
    originId: id,
    images: [],
    question: '',
    answer: null,
    ...noCheck,
    description,
    trace: null,
    verdict: null,
    metadata: {},
  }
}

/** The answer that the scene itself gives. Null for an unknown form of question. */
function answerOn(scene: Scene, question: string): string | null {
  const count = (name: string): number => places(scene, name).length
  const yes = (holds: boolean): string => (holds ? 'yes' : 'no')
  let found = /^How many (\w+(?: \w+)?) and (\w+(?: \w+)?) are there in total/.exec(question)
  if (found) return String(count(found[1] ?? '') + count(found[2] ?? ''))
  found = /^How many more (.+) than (.+) are there/.exec(question)
  if (found) return String(count(found[1] ?? '') - count(found[2] ?? ''))
  found = /^How many (\w+) in the image are not (\w+)\?/.exec(question)
  if (found) return String(count(found[1] ?? '') - count(`${found[2]} ${found[1]}`))
  found = /^How many (.+) are there in the image\?/.exec(question)
  if (found) return String(count(found[1] ?? ''))
  found = /^Are there more (.+) than (.+) in the image\?/.exec(question)
  if (found) return yes(count(found[1] ?? '') > count(found[2] ?? ''))
  found = /^Is there an? (.+) in the image\?/.exec(question)
  if (found) return yes(count(found[1] ?? '') > 0)
  found = /^What color is the (\w+) at the (\w+ \w+) of the image\?/.exec(question)
  if (found) {
    const cell = scene.cells.find((_, index) => positionName(scene, index) === found?.[2])
    return cell?.shape === found[1] ? (cell?.color ?? 'none') : 'none'
  }
  found = /^Is the (.+?) (to the left of|to the right of|above|below) the (.+) in the image\?/.exec(question)
  if (found) return relation(scene, found[1] ?? '', found[2] ?? '', found[3] ?? '')
  return null
}

/** Cells that show the named things: `red circles`, `circle`. */
function places(scene: Scene, name: string): number[] {
  const words = name.replace(/s$/, '').split(' ')
  return scene.cells.flatMap((cell, index) =>
    cell !== null && words.every((word) => word === cell.color || word === cell.shape) ? [index] : [],
  )
}

function relation(scene: Scene, first: string, words: string, second: string): string {
  const [from, ...others] = places(scene, first)
  const [to, ...more] = places(scene, second)
  // A name of no thing or of several things has no right answer.
  if (from === undefined || to === undefined || others.length > 0 || more.length > 0) return 'none'
  const across = (from % scene.columns) - (to % scene.columns)
  const down = Math.floor(from / scene.columns) - Math.floor(to / scene.columns)
  const held = { 'to the left of': across < 0, 'to the right of': across > 0, above: down < 0, below: down > 0 }
  return Object.entries(held).some(([name, holds]) => name === words && holds) ? 'yes' : 'no'
}
