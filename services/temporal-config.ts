import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { loadClientConfigFromToml, loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig'
import type { ClientConfigProfile, ClientConnectConfig } from '@temporalio/envconfig'
import { z } from 'zod'
import { errorCode } from '../domain/errors.ts'
import { withCertificates, wrong } from './temporal-certificates.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where a setting comes from: a variable's name, `profile`, or nowhere. */
export type Origin = string | null

/** The user's settings for a Temporal server. They hold secrets: never print or write them. */
export interface TemporalConfig {
  /** host or host:port. */
  address: string
  namespace: string
  apiKey: string | null
  tls: ClientConnectConfig['connectionOptions']['tls']
  headers: Record<string, string>
  origins: { address: Origin; namespace: Origin; apiKey: Origin; tls: Origin; headers: Origin }
}

const source = z.union([z.object({ path: z.string().min(1) }), z.object({ data: z.instanceof(Uint8Array) })])
// A TOML file may hold a number where text is meant, and envconfig passes it on.
const checkedProfile = z.object({
  address: z.string().min(1).optional(),
  namespace: z.string().min(1).optional(),
  apiKey: z.string().min(1).optional(),
  tls: z
    .object({
      disabled: z.boolean().optional(),
      serverName: z.string().min(1).optional(),
      clientCert: source.optional(),
      clientKey: source.optional(),
      serverCACert: source.optional(),
    })
    .optional(),
  grpcMeta: z.record(z.string(), z.string()).optional(),
})

const headerPrefix = 'TEMPORAL_GRPC_META_'

/** Variables that steer a connection to Temporal, as `@temporalio/envconfig` reads them. */
export const isConnectionVariable = (name: string): boolean =>
  /^TEMPORAL_(ADDRESS|NAMESPACE|API_KEY|PROFILE|CONFIG_FILE|TLS|TLS_.+|GRPC_META_.+)$/.test(name)

/**
 * Whether the environment names a Temporal server of the user's. A file of profiles counts only
 * where TEMPORAL_PROFILE or TEMPORAL_CONFIG_FILE asks for it: a default profile that was made for
 * other tools must not send a demo to production, nor its key to whatever TEMPORAL_ADDRESS names.
 */
export const namesTemporal = (env: Environment): boolean => Boolean(env['TEMPORAL_ADDRESS']) || asksForProfile(env)

const asksForProfile = (env: Environment): boolean =>
  Boolean(env['TEMPORAL_PROFILE']) || Boolean(env['TEMPORAL_CONFIG_FILE'])

/**
 * The file of profiles that is read: TEMPORAL_CONFIG_FILE, else Temporal's default place; null if
 * no file is asked for.
 */
export function profileFile(env: Environment): string | null {
  return asksForProfile(env) ? env['TEMPORAL_CONFIG_FILE'] || defaultProfileFile(env) : null
}

/** Where Temporal's tools look for profiles when nobody names a file. */
export function defaultProfileFile(env: Environment): string {
  const home = env['HOME'] || homedir()
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'temporalio', 'temporal.toml')
  const named = env['XDG_CONFIG_HOME']
  return join(named && isAbsolute(named) ? named : join(home, '.config'), 'temporalio', 'temporal.toml')
}

/** Changes whenever the file is written or replaced; null if it is not there. */
export function fileVersion(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}

/**
 * Reads variables and, where it is asked for, a profile; variables win. Call it only when {@link
 * namesTemporal} is true. Throws InvalidInput for an unknown profile, a file that is no TOML, an
 * unreadable certificate, a wrong value.
 */
export function readTemporalConfig(env: Environment): TemporalConfig {
  checkVariables(env)
  const variables = setVariables(env)
  const file = profileFile(env)
  const text = file === null ? null : readProfiles(file)
  if (file !== null && text !== null) checkProfiles(file, text, env['TEMPORAL_PROFILE'])
  const load = (more: { disableEnv: boolean }): ClientConfigProfile => {
    const from = text === null ? { disableFile: true } : { configSource: { data: text }, configFileStrict: true }
    return checked(() => loadClientConfigProfile({ ...from, ...more, overrideEnvVars: variables }), file)
  }
  const fromFile = text === null ? {} : load({ disableEnv: true })
  const profile = load({ disableEnv: false })
  if (profile.address === undefined)
    throw wrong(
      `${profileName(env)} names no address of a Temporal server.`,
      'Add `address = "host:7233"` to it, or set TEMPORAL_ADDRESS; or unset both TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE.',
    )
  const { connectionOptions } = toClientOptions({ ...profile, ...withCertificates(profile) })
  const apiKey = profile.apiKey ?? null
  const headers = checkedHeaders(profile.grpcMeta ?? {}, apiKey, variables)
  checkKey(apiKey)
  return {
    address: profile.address,
    namespace: profile.namespace ?? 'default',
    apiKey,
    tls: connectionOptions.tls,
    headers,
    origins: originsOf(env, fromFile),
  }
}

/**
 * Empty variables count as unset. An empty variable of a header is kept, because it removes the
 * profile's header.
 */
function setVariables(env: Environment): Record<string, string> {
  const set: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !isConnectionVariable(name)) continue
    if (value !== '' || name.startsWith(headerPrefix)) set[name] = value
  }
  return set
}

/**
 * Refuses values that envconfig would misread: any other word in TEMPORAL_TLS would turn TLS off.
 */
function checkVariables(env: Environment): void {
  if (!['', '1', 'true', '0', 'false'].includes(env['TEMPORAL_TLS'] ?? ''))
    throw wrong('TEMPORAL_TLS is neither true nor false.', 'Set it to true or false, or unset it.')
  if (!['', '0', 'false'].includes(env['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] ?? ''))
    throw wrong(
      "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is set, and Temporal's SDK for Node always checks the server.",
      'Unset it; name the CA in TEMPORAL_TLS_SERVER_CA_CERT_PATH, and the name in its certificate in TEMPORAL_TLS_SERVER_NAME.',
    )
}

function readProfiles(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(
      `Temporal's profiles cannot be read from ${file} (${errorCode(error) ?? 'no file'}).`,
      'Correct TEMPORAL_CONFIG_FILE or the file, or unset TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE.',
    )
  }
}

/**
 * Parses the whole file strictly, and looks for the profile. The parser's message is not repeated,
 * because it may quote a key.
 */
function checkProfiles(file: string, text: string, profile: string | undefined): void {
  let names: string[]
  try {
    names = Object.keys(loadClientConfigFromToml(Buffer.from(text), { strict: true }).profiles)
  } catch (error) {
    throw wrong(`${file} cannot be used: ${whyNot(error)}.`, 'Correct the file. Profiles look like: [profile.default]')
  }
  if (profile && !names.includes(profile))
    throw wrong(
      `TEMPORAL_PROFILE is ${profile}, and ${file} has no such profile; it has ${names.join(', ') || 'none'}.`,
      `Correct TEMPORAL_PROFILE, or add [profile.${profile}] to the file.`,
    )
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return 'it has no profiles'
  if ('line' in error && 'column' in error)
    return `it is no valid TOML at line ${String(error.line)}, column ${String(error.column)}`
  // Both name keys of the file, never values.
  if (/^(Validation error|Cannot specify both)/.test(error.message)) return error.message
  return 'it has no table [profile.NAME]'
}

function checked(load: () => ClientConfigProfile, file: string | null): ClientConfigProfile {
  let profile: ClientConfigProfile
  try {
    profile = load()
  } catch (error) {
    throw wrong(`Temporal's settings cannot be used: ${whyNot(error)}.`, 'Correct the variables or the profile.')
  }
  const parsed = checkedProfile.safeParse(profile)
  if (parsed.success) return profile
  const names = [...new Set(parsed.error.issues.map(({ path }) => path.slice(0, 2).join('.')))].join(', ')
  throw wrong(
    `Temporal's settings have no usable text in ${names}${file === null ? '' : ` (${file} or a variable)`}.`,
    'Correct the profile: each of these is text in quotes.',
  )
}

/**
 * Header names as all of Temporal's tools write them: envconfig turns only the first underscore of
 * a variable into a hyphen, and no underscore of a file. So empty variables remove headers here,
 * after all names are turned.
 */
function checkedHeaders(
  named: Record<string, string>,
  apiKey: string | null,
  variables: Record<string, string>,
): Record<string, string> {
  const headers = Object.fromEntries(Object.entries(named).map(([name, value]) => [name.replaceAll('_', '-'), value]))
  for (const [name, value] of Object.entries(variables))
    if (name.startsWith(headerPrefix) && value === '')
      delete headers[name.slice(headerPrefix.length).toLowerCase().replaceAll('_', '-')]
  for (const [name, value] of Object.entries(headers))
    if (!/^[a-z0-9.-]+$/.test(name) || name.endsWith('-bin') || !/^[\x20-\x7e]*$/.test(value))
      throw wrong(
        `Temporal's header ${name} cannot be sent as text.`,
        'Correct its TEMPORAL_GRPC_META_… variable, or grpc_meta in the profile.',
      )
  if (apiKey !== null && 'authorization' in headers)
    throw wrong(
      'Temporal gets both an API key and a header `authorization`, and only one can be sent.',
      'Unset one of them.',
    )
  return headers
}

// gRPC's own message for a character that no header may have would quote the key.
function checkKey(apiKey: string | null): void {
  if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey))
    throw wrong(
      "Temporal's API key has a character that no key has, such as a space or a line break.",
      'Correct TEMPORAL_API_KEY, or api_key in the profile.',
    )
}

function originsOf(env: Environment, fromFile: ClientConfigProfile): TemporalConfig['origins'] {
  /**
   * For a setting with one value, the variables win. With `isMerged`, variables and profile both
   * count.
   */
  const origin = (setting: keyof ClientConfigProfile, isFor: RegExp, isMerged = false): Origin => {
    const names = Object.keys(env).filter((name) => isFor.test(name) && env[name])
    const isInFile = fromFile[setting] !== undefined && (isMerged || names.length === 0)
    return [...names.sort(), ...(isInFile ? ['profile'] : [])].join(' and ') || null
  }
  return {
    address: origin('address', /^TEMPORAL_ADDRESS$/),
    namespace: origin('namespace', /^TEMPORAL_NAMESPACE$/),
    apiKey: origin('apiKey', /^TEMPORAL_API_KEY$/),
    tls: origin('tls', /^TEMPORAL_TLS(_|$)/, true),
    headers: origin('grpcMeta', /^TEMPORAL_GRPC_META_/, true),
  }
}

const profileName = (env: Environment): string =>
  env['TEMPORAL_PROFILE'] ? `Profile ${env['TEMPORAL_PROFILE']}` : 'The default profile of TEMPORAL_CONFIG_FILE'
