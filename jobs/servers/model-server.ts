import type { ProductOptions } from '../../domain/job-resources.ts'
import type { Command, Environment, JobResources } from '../command.ts'
import type { Finding } from '../finding.ts'

/** A model to be served. Paths are as the job sees them. */
export interface ServedModel {
  /** Folder of weights in Hugging Face layout. */
  model: string
  /** The model name that requests use. */
  name: string
  /** The server's folder: it may write there. */
  run: string
  resources: JobResources
  options: ProductOptions
}

/** What a recipe asks of a server, before any weights are there. */
export interface ServingWish {
  resources: JobResources
  options: ProductOptions
  /** The longest answer that will be asked for, in tokens. */
  maxTokens?: number
  /** The most pictures that one request has. */
  imagesPerRequest?: number
}

/**
 * A server as planned: the command of a `serve` job, and how to see that it serves what was
 * planned.
 */
export interface ServerPlan {
  command: Command
  /** Path below the server's root that answers 200 when the server lives, e.g. `/health`. */
  healthPath: string
  /** Id that `/v1/models` must list: another server on the port is not taken for this one. */
  readyModel: string
  /** Folder that the listed model must come from, if the server says where its models come from. */
  readyRoot: string
  /** How long loading may take. */
  readyWithinSeconds: number
}

/** Weights to be looked at in the serving environment. Paths are as the job sees them. */
export interface VerifyRequest {
  model: string
  /** Round 0's weights: the tensor names that `model` must have. */
  base: string
  /** The weights that the training started from, from which `model` must differ. */
  start: string
  /** Where the verdict goes: see `verdictFile`. */
  result: string
  run: string
  resources: JobResources
  options: ProductOptions
}

/**
 * Plans servers of one product. Pure: starts no process, and reads no weights. The launchers run
 * what it plans, as they run trainings.
 */
export interface ModelServer {
  readonly name: string
  /** Name of the environment that its jobs run in. */
  readonly environment: string
  /**
   * What a server takes of its place: what the recipe asks for, and what the product needs where it
   * says nothing.
   */
  resources(wish: ServingWish): JobResources
  /** What cannot work, and what the user should know, before any GPU time is spent. */
  check(wish: ServingWish): Finding[]
  plan(served: ServedModel, environment: Environment): ServerPlan
  /**
   * A job that loads the weights as the server would, lets them say a token about a picture,
   * compares them with base and start, and writes a verdict. Ends with 0 when all is well and with
   * 3 when the verdict says what is not.
   */
  verify(request: VerifyRequest, environment: Environment): Command
}
