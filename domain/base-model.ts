/** The demo's base model, as a recipe names it. */
export const demoBaseModel = 'demo:base'

/**
 * Whether a path could be a model of the Hugging Face hub, `owner/name`. A folder with that name
 * takes precedence. The pattern is what huggingface_hub accepts: its `validate_repo_id`.
 */
export const looksLikeHubId = (path: string): boolean => /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(path)

/**
 * Where a campaign's base weights came from, for people to read. The identity of base weights is
 * their content.
 */
export type BaseModelOrigin =
  | { from: 'demo' }
  | { from: 'folder'; path: string }
  /**
   * `revision` is what the recipe asked for, null for the default branch; `commit` is what it
   * resolved to.
   */
  | { from: 'hub'; repo: string; revision: string | null; commit: string }

/** An origin in a few words. */
export function originText(origin: BaseModelOrigin): string {
  if (origin.from === 'hub') return `${origin.repo} at commit ${origin.commit}`
  return origin.from === 'demo' ? demoBaseModel : origin.path
}
