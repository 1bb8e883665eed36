import type { ProductOptions } from '../../domain/job-resources.ts'
import type { Command, Environment, JobResources } from '../command.ts'
import type { Finding } from '../finding.ts'

/** A model to serve. Paths are as the job sees them. */
export interface ServedModel {
  /** Folder of weights in the layout of Hugging Face. */
  model: string
  /** The model name that requests use. */
  name: string
  /** The server's folder. The server may write there. */
  run: string
  resources: JobResources
  options: ProductOptions
}

/** The needs of a recipe, known before any weights exist. */
export interface ServingWish {
  resources: JobResources
  options: ProductOptions
  /** The longest answer that a request may ask for, in tokens. */
  maxTokens?: number
  /** The most pictures of one request. */
  imagesPerRequest?: number
}

/**
 * A planned server: the command of a `serve` job, and the facts that show that it serves the
 * planned model.
 */
export interface ServerPlan {
  command: Command
  /** Path below the server's root that answers 200 while the server lives, e.g. `/health`. */
  healthPath: string
  /** Model id that `/v1/models` must list, so that another server on the port is noticed. */
  readyModel: string
  /** Folder of the listed model, checked if the server reports it. */
  readyRoot: string
  /** Longest time for loading. */
  readyWithinSeconds: number
}

/** Weights to check in the serving environment. Paths are as the job sees them. */
export interface VerifyRequest {
  model: string
  /** Weights of round 0: `model` must have the same tensor names. */
  base: string
  /** Start weights of the training: `model` must differ from them. */
  start: string
  /** Path where the job writes its verdict; see `verdictFile`. */
  result: string
  run: string
  resources: JobResources
  options: ProductOptions
}

/**
 * Plans the servers of one product. It is pure: it starts no process and reads no weights. The
 * launchers run its plans, as they run trainings.
 */
export interface ModelServer {
  readonly name: string
  /** Name of the environment for its jobs. */
  readonly environment: string
  /**
   * The resources that a server takes of its place: the recipe's, completed by the product's needs.
   */
  resources(wish: ServingWish): JobResources
  /**
   * Finds settings that cannot work and facts that the user should know, before any GPU time is
   * spent.
   */
  check(wish: ServingWish): Finding[]
  plan(served: ServedModel, environment: Environment): ServerPlan
  /**
   * A job that checks weights. It loads them as the server would, lets the model generate a token
   * about a picture, compares the weights with base and start, and writes a verdict. It exits with
   * 0 when all is well, and with 3 when the verdict holds problems.
   */
  verify(request: VerifyRequest, environment: Environment): Command
}
