import type { Environment } from '../command.ts'
import type { Launcher } from '../launchers/contract.ts'
import type { PollJob } from '../poller.ts'

/** A place of the site file, ready to take jobs. */
export interface Place {
  name: string
  launcher: Launcher
  poll: PollJob
  /**
   * Programs of a product as this place has them. Throws MissingDependency when the place has none.
   */
  environment: (name: string) => Environment
  /**
   * Where jobs of this place reach the reward server. `tokenEnv` names the variable that holds its
   * token.
   */
  reward: { url: string; tokenEnv: string | null }
}

/** All places that this worker can use. */
export interface Places {
  /**
   * The place of this name; the site file's default for null. Throws InvalidRecipe for a name that
   * it lacks.
   */
  get(name: string | null): Place
  all(): Place[]
}
