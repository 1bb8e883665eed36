import { z } from 'zod'
import type { JobResources } from '../command.ts'
import type { Finding } from '../finding.ts'
import type { Launcher } from './contract.ts'

/** What a launcher is opened with, besides what the site file says of its place. */
export interface Surroundings {
  /** Name of the place. */
  place: string
  /** Folder of the jobs' folders, as this process sees it. */
  runs: string
  /** A Python of this machine, for the wrapper of local jobs. */
  python: string
  /** Trainings without GPUs that run at once on this machine, where the site file does not say. */
  slots: number
}

/** A launcher for what one place of the site file says. */
export interface BoundLauncher {
  /** What the site file alone says against a job: more GPUs than a node has, say. */
  check(resources: JobResources): Finding[]
  open(surroundings: Surroundings): Launcher
}

/** One kind of launcher: its keys in the site file, and what they make. */
export interface LauncherKind {
  name: string
  shape: z.core.$ZodLooseShape
  /** Throws a ZodError when `options` are not of the kind's shape. */
  bind(options: unknown): BoundLauncher
}

/** Joins the keys of a launcher to what is made of them. */
export function launcherKind<Shape extends z.core.$ZodLooseShape>(
  name: string,
  shape: Shape,
  make: (options: z.infer<z.ZodObject<Shape>>) => BoundLauncher,
): LauncherKind {
  return { name, shape, bind: (options) => make(z.object(shape).parse(options)) }
}
