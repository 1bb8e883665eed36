/** Characters a token of English and mathematics; tokenizers differ by about a quarter to both sides. */
export const charactersAToken = 4

/** Tokens of a text, roughly. */
export const textTokens = (characters: number): number => Math.ceil(characters / charactersAToken)

/**
 * Tokens of one picture, the most there can be under a pixel limit: Qwen2.5-VL cuts patches of 14 × 14 pixels and merges
 * 2 × 2 of them into one token (arXiv 2502.13923, section 2.1). Smaller pictures take fewer.
 */
export const pictureTokens = (maxPixels: number): number => Math.ceil(maxPixels / (28 * 28))

/** Longest prompt that comes with Hone, in characters, rounded up: what a step's question is wrapped in, at most. */
export const templateCharacters = 1000

/** What a judge is told (verifier/judge/prompt.ts), with its marks, a reference and a short answer; it sees no reasoning. */
export const judgeCharacters = 2500

/** Characters of a question where only the number of rows is known. */
export const assumedQuestionCharacters = 200
