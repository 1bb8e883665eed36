import { z } from 'zod'
import type { JobResources } from '../command.ts'
import type { Finding } from '../finding.ts'
import type { Launcher } from './contract.ts'

/** The facts that a launcher is opened with, besides its place's entry in the site file. */
export interface Surroundings {
  /** Name of the place. */
  place: string
  /** Parent folder of the jobs' folders, as this process sees it. */
  runs: string
  /** A Python of this machine, for the wrapper of local jobs. */
  python: string
  /**
   * Trainings without GPUs that run at once on this machine, unless the site file sets the number.
   */
  slots: number
}

/** A launcher for one place of the site file. */
export interface BoundLauncher {
  /** Findings by the site file alone, e.g. when a job asks for more GPUs than a node has. */
  check: (resources: JobResources) => Finding[]
  open: (surroundings: Surroundings) => Launcher
}

/** One kind of launcher: its keys in the site file, and the launcher that they make. */
export interface LauncherKind {
  name: string
  shape: z.core.$ZodLooseShape
  /** Throws a ZodError when `options` are not of the kind's shape. */
  bind(options: unknown): BoundLauncher
}

/** Makes a kind of launcher from its keys and from the function that reads them. */
export function launcherKind<Shape extends z.core.$ZodLooseShape>(
  name: string,
  shape: Shape,
  make: (options: z.infer<z.ZodObject<Shape>>) => BoundLauncher,
): LauncherKind {
  return { name, shape, bind: (options) => make(z.object(shape).parse(options)) }
}
