/**
 * Characters of a token of English and mathematics; tokenizers differ by about a quarter either
 * way.
 */
export const charactersAToken = 4

/** Tokens of a text, roughly. */
export const textTokens = (characters: number): number => Math.ceil(characters / charactersAToken)

/**
 * The most tokens of one picture under a pixel limit: Qwen2.5-VL cuts patches of 14 × 14 pixels and
 * merges 2 × 2 of them into one token (arXiv 2502.13923, section 2.1). Smaller pictures take fewer.
 */
export const pictureTokens = (maxPixels: number): number => Math.ceil(maxPixels / (28 * 28))

/**
 * Characters of the longest prompt of Hone's steps, rounded up: the text around a question, at
 * most.
 */
export const templateCharacters = 1000

/**
 * Characters of a judge's prompt (verifier/judge/prompt.ts) with marks, reference and a short
 * answer. A judge sees no reasoning.
 */
export const judgeCharacters = 2500

/** Characters that a question is assumed to have where only the number of rows is known. */
export const assumedQuestionCharacters = 200
