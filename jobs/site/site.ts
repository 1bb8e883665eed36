import { z } from 'zod'
import { stepName } from '../../domain/ids.ts'
import { refusal } from '../finding.ts'
import type { Finding } from '../finding.ts'
import type { JobResources } from '../command.ts'
import { launcherKinds } from '../launchers/registry.ts'
import type { LauncherKind } from '../launchers/kind.ts'

const absolute = z.string().startsWith('/', 'give an absolute path')
const setup = z.array(z.string().min(1)).default([])
const variables = z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'this cannot name a variable'), z.string())

/**
 * Programs of one product: a Python, a conda environment or a container image. The shell lines of
 * `setup` run before the program, and `modules` are loaded before `setup`.
 */
const environment = z
  .strictObject({
    python: absolute.optional(),
    conda: absolute.optional(),
    image: z.string().min(1).optional(),
    modules: z.array(z.string().regex(/^[\w./+-]+$/, 'this cannot name a module')).default([]),
    setup,
    env: variables.default({}),
  })
  .refine(({ python, conda, image }) => [python, conda, image].filter((each) => each !== undefined).length === 1, {
    error: 'give exactly one of python, conda and image',
  })
export type SiteEnvironment = z.infer<typeof environment>

const environments = z.record(stepName, environment).default({})

/** The keys of every place, whatever its launcher is. */
const everyPlace = {
  /**
   * Environments of this place by product. For other products the environments of the site count.
   */
  environments,
  /** Modules and shell lines that run before every job of the place. */
  modules: z.array(z.string().regex(/^[\w./+-]+$/, 'this cannot name a module')).default([]),
  setup,
  env: variables.default({}),
  /** The reward server's URL for jobs of this place. Default: the site's own address. */
  rewardUrl: z.url().optional(),
  /** Price of one GPU for one hour. Plans compute costs from it. */
  pricePerGpuHour: z.number().min(0).optional(),
  currency: z.string().min(1).max(8).default('USD'),
}

const placeOf = ({ name, shape }: LauncherKind) =>
  z.strictObject({ launcher: z.literal(name), ...everyPlace, ...shape })

const [firstKind, ...otherKinds] = Object.values(launcherKinds)
if (!firstKind) throw new Error('the registry of launchers is empty')
const place = z.discriminatedUnion('launcher', [placeOf(firstKind), ...otherKinds.map(placeOf)])
type SitePlace = z.infer<typeof place>

/** The place that exists without a site file: processes on the worker's own machine. */
const localName = 'local'

export const siteSchema = z
  .strictObject({
    /** Version of this format. */
    hone: z.literal(1),
    /** Place of jobs whose recipe names no place. */
    default: stepName.default(localName),
    /**
     * The reward server: the address that it listens on, and the name by which other machines reach
     * this machine.
     */
    reward: z
      .strictObject({ listen: z.string().min(1).default('127.0.0.1'), host: z.string().min(1).optional() })
      .prefault({}),
    /** Environments of products by name, for all places. */
    environments,
    places: z.record(stepName, place).default({}),
  })
  .refine((site) => site.default === localName || Object.hasOwn(site.places, site.default), {
    path: ['default'],
    error: 'this place is not among the places below',
  })
export type SiteFile = z.infer<typeof siteSchema>

/** The site without a site file: this machine alone. */
export const plainSite: SiteFile = siteSchema.parse({ hone: 1 })

/** A place of the site in plans, which open nothing. */
export interface PlannedPlace {
  name: string
  launcher: string
  pricePerGpuHour: { amount: number; currency: string } | null
  /** Findings of the site file against a job. */
  check: (resources: JobResources) => Finding[]
}

export const placeNames = (site: SiteFile): string[] => [...new Set([localName, ...Object.keys(site.places)])]

/**
 * The entry of a place in the site file. The local place has an entry even when the file has none.
 */
export function specOf(site: SiteFile, name: string): SitePlace | null {
  if (Object.hasOwn(site.places, name)) return site.places[name] ?? null
  return name === localName ? place.parse({ launcher: localName }) : null
}

/** The place for a job, or the reason that there is none. Null means the site's default place. */
export function plannedPlace(site: SiteFile, name: string | null): PlannedPlace | Finding {
  const wanted = name ?? site.default
  const spec = specOf(site, wanted)
  const kind = spec && launcherKinds[spec.launcher]
  if (!spec || !kind)
    return refusal(
      `there is no place "${wanted}": the site file has ${placeNames(site).join(', ')}`,
      'name one of these places, or add the place to the site file',
    )
  const { pricePerGpuHour: amount, currency } = spec
  return {
    name: wanted,
    launcher: spec.launcher,
    pricePerGpuHour: amount === undefined ? null : { amount, currency },
    check: kind.bind(spec).check,
  }
}
