/** What stands for the demo's base model in a recipe. */
export const demoBaseModel = 'demo:base'

/**
 * Whether a path could be a model of the Hugging Face hub, `owner/name`. A folder of that name goes
 * before it. What huggingface_hub accepts: its `validate_repo_id`.
 */
export const looksLikeHubId = (path: string): boolean => /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(path)

/**
 * Where a campaign's base weights came from. Its identity is their content; this is for people to
 * read.
 */
export type BaseModelOrigin =
  | { from: 'demo' }
  | { from: 'folder'; path: string }
  /**
   * `revision` as the recipe asked for it, null for the default branch; `commit` is what it led to.
   */
  | { from: 'hub'; repo: string; revision: string | null; commit: string }

/** An origin in a few words. */
export function originText(origin: BaseModelOrigin): string {
  if (origin.from === 'hub') return `${origin.repo} at commit ${origin.commit}`
  return origin.from === 'demo' ? demoBaseModel : origin.path
}
