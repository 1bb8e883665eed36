/**
 * A model of the Hugging Face hub. `revision`: a branch, a tag or a commit; null for its main
 * branch.
 */
export interface HubModel {
  repo: string
  revision: string | null
}
