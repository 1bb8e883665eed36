/**
 * Marks the place of a picture in a text. Trainers' formats set one mark a picture, and a data set
 * may carry marks of its own.
 */
export const imageMark = '<image>'

/** How many pictures a text has places for. */
export const marksIn = (text: string): number => text.split(imageMark).length - 1

/** Marks of other data sets: `<image 1>` (MMMU), `<image1>`, `<image_1>`, `<img>`, `<|image|>`. */
const foreignMark = /<(?:\|)?(?:image|img)(?:[ _]?(\d+))?(?:\|)?>/gi

/**
 * How many pictures a text of a data set asks for. A number may be named several times: it is one
 * picture. Marks without a number are a picture each.
 */
export function picturesAskedFor(text: string): number {
  if (!text.includes('<')) return 0
  let plain = 0
  let highest = 0
  for (const [, number] of text.matchAll(foreignMark)) {
    if (number === undefined) plain++
    else highest = Math.max(highest, Number(number))
  }
  return plain + highest
}

/**
 * A text of a data set with its marks in the form that rows have. A numbered mark inside a sentence
 * stays as words ("In image 2, …"), because the sentence speaks of that picture. All other marks
 * that are not `<image>` are taken out.
 */
export function withoutForeignMarks(text: string): string {
  if (!text.includes('<')) return text
  return text.replaceAll(foreignMark, (mark: string, number: string | undefined, at: number) => {
    if (mark === imageMark) return mark
    if (number === undefined) return ''
    const before = text.slice(0, at).replaceAll(foreignMark, '').trimEnd()
    const after = text
      .slice(at + mark.length)
      .replaceAll(foreignMark, '')
      .trimStart()
    const isApart = before === '' || after === '' || /\n[ \t]*$/.test(text.slice(0, at))
    return isApart ? '' : `image ${number}`
  })
}
