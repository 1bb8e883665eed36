/**
 * Abilities that a question may need besides reasoning: the capabilities of MM-Vet (arXiv
 * 2308.02490). WeThink (arXiv 2506.07905) adds reasoning.
 */
export const companionAbilities = ['recognition', 'ocr', 'knowledge', 'spatial', 'math', 'language generation'] as const

export type Ability = 'reasoning' | (typeof companionAbilities)[number]
