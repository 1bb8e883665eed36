/** A question for comparison: case, punctuation and spacing make no difference. */
export const questionKey = (question: string): string =>
  question
    .normalize()
    .toLowerCase()
    .replaceAll(/[\p{P}\s]+/gu, ' ')
    .trim()
