import { existsSync } from 'node:fs'
import { defaultProfileFile, isConnectionVariable, namesTemporal, readTemporalConfig } from './temporal-config.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where each setting of the user's Temporal comes from: names of variables and of the profile's
 * file, never values.
 * Throws InvalidInput if a setting cannot be used.
 */
export function temporalOrigins(env: Environment): string {
  const { origins, tls, apiKey } = readTemporalConfig(env)
  const parts = [
    `address: ${origins.address ?? 'none'}`,
    `namespace: ${origins.namespace ?? 'default'}`,
    `API key: ${origins.apiKey ?? 'none'}`,
    `TLS: ${tls ? 'on' : 'off'}${origins.tls ? `, ${origins.tls}` : apiKey === null ? '' : ', because of the key'}`,
    ...(origins.headers ? [`headers: ${origins.headers}`] : []),
  ]
  if (!env['TEMPORAL_PROFILE'] && !env['TEMPORAL_CONFIG_FILE']) return parts.join('; ')
  const which = env['TEMPORAL_PROFILE'] ? 'the one that TEMPORAL_PROFILE names' : 'default'
  const where = env['TEMPORAL_CONFIG_FILE'] ? 'the file of TEMPORAL_CONFIG_FILE' : "Temporal's own file"
  return [...parts, `profile: ${which}, in ${where}`].join('; ')
}

/**
 * Temporal settings in the environment that are not used, because no setting names a server. Null
 * if there are no such settings.
 */
export function unusedTemporal(env: Environment): string | null {
  if (namesTemporal(env)) return null
  const names = Object.keys(env).filter((name) => isConnectionVariable(name) && env[name])
  const file = existsSync(defaultProfileFile(env)) ? ['a file of profiles (temporal.toml)'] : []
  const unused = [...names.sort(), ...file]
  if (unused.length === 0) return null
  return `Not used, since Hone's own server is: ${unused.join(', ')}. TEMPORAL_ADDRESS or TEMPORAL_PROFILE names one of yours.`
}
