import { fileVersion, isConnectionVariable, namesTemporal, profileFile, readTemporalConfig } from './temporal-config.ts'
import type { TemporalConfig } from './temporal-config.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A Temporal to connect to. */
export interface TemporalServer {
  /** host:port of the gRPC front end. */
  address: string
  namespace: string
  /** TLS, headers and key for a user's server. A dev server of Hone's own needs nothing of this. */
  access?: TemporalAccess
}

interface Secrets {
  tls: TemporalConfig['tls']
  headers: Record<string, string>
  /** The present key; null if no key is used. */
  key: () => string | null
}

/**
 * TLS, headers and API key of a user's server. They are in a private field, so that printing or
 * serializing an address never shows them.
 */
export class TemporalAccess {
  readonly #secrets: Secrets

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  get usesTls(): boolean {
    return Boolean(this.#secrets.tls)
  }

  /** Whether a client certificate is shown. */
  get hasCertificate(): boolean {
    return typeof this.#secrets.tls === 'object' && this.#secrets.tls?.clientCertPair != null
  }

  get hasKey(): boolean {
    return this.#secrets.key() !== null
  }

  /** TLS as Temporal's SDK takes it; for the connection and nothing else. */
  get tls(): TemporalConfig['tls'] {
    return this.#secrets.tls
  }

  /** The present API key: a rotated key is found in the profile's file. Null if no key is used. */
  readonly key = (): string | null => this.#secrets.key()

  /**
   * Headers of every request. Each call gives a copy, because the SDK adds headers to the object.
   */
  get headers(): Record<string, string> {
    return { ...this.#secrets.headers }
  }

  /** A text from outside, with the key and the values of headers removed. */
  withoutSecrets(text: string): string {
    const values = [this.key() ?? '', ...Object.values(this.#secrets.headers)].filter((value) => value.length > 3)
    return values.reduce((clean, value) => clean.replaceAll(value, '***'), text)
  }
}

/**
 * The Temporal that the environment names (variables, or a profile that they ask for); null if it
 * names no server: then Hone runs a dev server of its own.
 * Throws InvalidInput if a setting cannot be used.
 */
export function usersTemporal(env: Environment = process.env): TemporalServer | null {
  if (!namesTemporal(env)) return null
  const { address, namespace, tls, headers, ...config } = readTemporalConfig(env)
  return { address, namespace, access: new TemporalAccess({ tls, headers, key: followKey(env, config) }) }
}

/**
 * A key of the profile is looked up again whenever the file was written, so a rotated
 * key needs no restart. A file that cannot be used just now, because it is being written, leaves
 * the key as it was. TEMPORAL_API_KEY stays what it was when the process began: nobody can change
 * the environment of another process.
 */
function followKey(env: Environment, first: Pick<TemporalConfig, 'apiKey' | 'origins'>): () => string | null {
  const file = profileFile(env)
  let key = first.apiKey
  if (file === null || first.origins.apiKey !== 'profile') return () => key
  let seen: string | null = null
  return () => {
    try {
      const version = fileVersion(file)
      if (version !== null && version !== seen) {
        key = readTemporalConfig(env).apiKey ?? key
        seen = version
      }
    } catch {
      // The next request looks again.
    }
    return key
  }
}

/**
 * The variables to change for a process that inherits `env`, so that it uses this server. It finds
 * a user's server by the variables that it inherits, so no secret is written anywhere. For a dev
 * server of Hone's own only address and namespace are set: a key or TLS in the environment is for
 * another server, and is unset.
 */
export function temporalVariables(server: TemporalServer, env: Environment): Record<string, string | undefined> {
  if (server.access !== undefined) return {}
  const others = Object.keys(env).filter((name) => isConnectionVariable(name))
  return {
    ...Object.fromEntries(others.map((name) => [name, undefined])),
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
  }
}
