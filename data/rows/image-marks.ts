/**
 * Marks the place of a picture in a text. Trainers' formats set one mark a picture, and a data set
 * may carry marks of its own.
 */
export const imageMark = '<image>'

/** How many pictures a text has places for. */
export const marksIn = (text: string): number => text.split(imageMark).length - 1
