/** A question as it is compared with others: neither case nor punctuation nor spacing makes it a new one. */
export const questionKey = (question: string): string =>
  question
    .normalize()
    .toLowerCase()
    .replaceAll(/[\p{P}\s]+/gu, ' ')
    .trim()
