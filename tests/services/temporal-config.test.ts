import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { examine } from '../../services/doctor.ts'
import { namesTemporal, readTemporalConfig } from '../../services/temporal-config.ts'
import { temporalVariables, usersTemporal } from '../../services/temporal-server.ts'
import { workerConfig } from '../../worker/config.ts'
import { makeAuthority } from '../world/certificates.ts'
import { temporaryHome } from '../world/home.ts'

const address = { TEMPORAL_ADDRESS: 'temporal.example:7233' }

/** Variables that select the default profile of a file with this text. */
function profiles(text: string): { TEMPORAL_CONFIG_FILE: string } {
  const file = join(temporaryHome(), 'temporal.toml')
  writeFileSync(file, text)
  return { TEMPORAL_CONFIG_FILE: file }
}

/**
 * The message and the next step of the refusal of the settings. The error has no cause, because a
 * cause could quote the file.
 */
function refusal(env: Record<string, string>): string {
  try {
    usersTemporal(env)
  } catch (error) {
    if (error instanceof HoneError && error.type === 'InvalidInput' && error.cause === undefined)
      return `${error.message} → ${error.nextStep}`
    throw error
  }
  return 'taken'
}

test('a default profile that no variable selects has no effect, and its key is never sent', () => {
  const home = temporaryHome()
  const folder = join(home, '.config', 'temporalio')
  mkdirSync(folder, { recursive: true })
  const text = '[profile.default]\naddress = "prod:7233"\napi_key = "prod-key"\n[profile.dev]\naddress = "dev:7233"\n'
  writeFileSync(join(folder, 'temporal.toml'), text)
  expect(namesTemporal({ HOME: home, TEMPORAL_API_KEY: 'x', TEMPORAL_NAMESPACE: 'n' })).toBe(false)
  expect(usersTemporal({ HOME: home })).toBeNull()
  expect(readTemporalConfig({ HOME: home, ...address })).toMatchObject({ apiKey: null, tls: undefined })
  expect(readTemporalConfig({ HOME: home, TEMPORAL_PROFILE: 'default' })).toMatchObject({
    address: 'prod:7233',
    apiKey: 'prod-key',
    tls: true,
  })
  expect(readTemporalConfig({ HOME: home, TEMPORAL_PROFILE: 'dev' })).toMatchObject({ address: 'dev:7233' })
  expect(
    readTemporalConfig({ HOME: '/nowhere', XDG_CONFIG_HOME: join(home, '.config'), TEMPORAL_PROFILE: 'dev' }),
  ).toMatchObject({ address: 'dev:7233' })
})

test('variables override the profile, empty variables count as unset, and each setting knows its origin', () => {
  const env = {
    ...profiles(
      '[profile.default]\naddress = "a:1"\nnamespace = "n"\napi_key = "k"\n[profile.default.tls]\nserver_name = "s"\n[profile.default.grpc_meta]\nx_my_team = "vision"\nx_other = "o"\n',
    ),
    TEMPORAL_ADDRESS: '',
    TEMPORAL_NAMESPACE: 'mine',
    TEMPORAL_GRPC_META_X_OTHER: '',
    TEMPORAL_GRPC_META_A_B_C: '1',
  }
  expect(readTemporalConfig(env)).toMatchObject({
    address: 'a:1',
    namespace: 'mine',
    tls: { serverNameOverride: 's' },
    origins: { address: 'profile', namespace: 'TEMPORAL_NAMESPACE', apiKey: 'profile', tls: 'profile' },
  })
  expect(readTemporalConfig(env).headers).toEqual({ 'x-my-team': 'vision', 'a-b-c': '1' })
  expect(readTemporalConfig({ ...env, TEMPORAL_TLS: 'false' }).tls).toBe(false)
})

test('the error about an unusable file gives the place and quotes nothing from the file', () => {
  const broken = refusal(profiles('[profile.default]\naddress = "a:1"\napi_key = "s3cret\n'))
  expect(broken).toMatch(/temporal\.toml cannot be used: it is no valid TOML at line 3, column \d+/)
  expect(broken).not.toContain('s3cret')
  expect(refusal(profiles('[profile.default]\naddres = "a:1"\n'))).toMatch(/unrecognized in profile.default: addres/)
  expect(refusal(profiles('# nothing\n'))).toMatch(/has no table \[profile\.NAME\]/)
  expect(refusal(profiles('[profile.default]\naddress = 7233\n'))).toMatch(/no usable text in address/)
  expect(refusal(profiles('[profile.default]\nnamespace = "n"\n'))).toMatch(/names no address.*TEMPORAL_ADDRESS/)
  expect(refusal({ ...profiles('[profile.a]\naddress = "a:1"\n[profile.b]\n'), TEMPORAL_PROFILE: 'c' })).toMatch(
    /TEMPORAL_PROFILE is c, and .* has no such profile; it has a, b/,
  )
  expect(refusal({ TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' })).toMatch(/cannot be read from .*ENOENT/)
  expect(refusal({ TEMPORAL_PROFILE: 'prod', HOME: temporaryHome() })).toMatch(/temporalio\/temporal\.toml \(ENOENT\)/)
})

test('certificates are checked before the first connection', () => {
  const folder = temporaryHome()
  const authority = makeAuthority(folder, 'ca')
  const [one, two] = [authority.sign('one', 'DNS:one'), authority.sign('two', 'DNS:two')]
  const names = (cert: string, key: string) => ({
    ...address,
    TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: key,
  })
  expect(refusal(names(one.cert, one.key))).toBe('taken')
  expect(refusal(names(one.cert, two.key))).toContain('do not belong together')
  expect(refusal(names(one.cert, ''))).toMatch(/only the certificate is named.*TEMPORAL_TLS_CLIENT_KEY_PATH/)
  expect(refusal(names('/nowhere.pem', one.key))).toMatch(
    /client certificate, \/nowhere\.pem, cannot be read \(ENOENT\)/,
  )
  expect(refusal(names(one.cert, one.cert))).toMatch(/key of the client certificate, .*one\.pem, is no usable PEM/)
  expect(refusal({ ...address, TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'garbage' })).toContain(
    'CA certificate is no usable PEM',
  )
  expect(refusal({ ...names(one.cert, one.key), TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' })).toMatch(/Cannot specify both/)
  if (process.getuid?.() === 0) return
  chmodSync(one.key, 0)
  expect(refusal(names(one.cert, one.key))).toContain('EACCES')
})

test('a variable that would be misread is refused, and no secret is quoted', () => {
  expect(refusal({ ...address, TEMPORAL_TLS: 'yes' })).toMatch(/TEMPORAL_TLS is neither true nor false/)
  expect(refusal({ ...address, TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' })).toMatch(/always checks.*SERVER_NAME/)
  expect(refusal({ ...address, TEMPORAL_API_KEY: 'k', TEMPORAL_GRPC_META_AUTHORIZATION: 'Basic x' })).toContain('both')
  const key = refusal({ ...address, TEMPORAL_API_KEY: 's3cret\n' })
  expect(key).toMatch(/API key has a character that no key has/)
  expect(key).not.toContain('s3cret')
  expect(refusal({ ...address, TEMPORAL_GRPC_META_X: 's3crét' })).toMatch(/header x cannot be sent as text/)
})

test('a worker beside Hone’s own server gets only its address, and no setting for another server', () => {
  const env = {
    TEMPORAL_API_KEY: 'k',
    TEMPORAL_TLS: 'true',
    TEMPORAL_GRPC_META_X: 'y',
    TEMPORAL_UI_URL: 'u',
    PATH: 'p',
  }
  const variables = temporalVariables({ address: '127.0.0.1:1', namespace: 'default' }, env)
  const inherited = { ...env, ...variables }
  expect(usersTemporal(inherited)).toMatchObject({ address: '127.0.0.1:1', namespace: 'default' })
  expect(readTemporalConfig(inherited)).toMatchObject({ apiKey: null, tls: undefined, headers: {} })
  expect(inherited).toMatchObject({ TEMPORAL_UI_URL: 'u', PATH: 'p' })
  const users = usersTemporal({ ...address, TEMPORAL_API_KEY: 'k' })
  expect(users && temporalVariables(users, env)).toEqual({})
})

test('a worker without a Temporal names the variables that set one', () => {
  expect(() => workerConfig({})).toThrow(/TEMPORAL_ADDRESS \(or TEMPORAL_PROFILE\)/)
})

test('the doctor gives the origin of the settings, and names settings without effect', async () => {
  const home = temporaryHome()
  const look = async (env: Record<string, string>) => {
    const findings = await examine({ home, cache: home, env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env } })
    expect(JSON.stringify(findings)).not.toContain('s3cret')
    return findings.find(({ name }) => name === 'temporal')
  }
  const file = profiles('[profile.default]\naddress = "a:1"\napi_key = "s3cret"\n')
  expect(await look({ ...file, TEMPORAL_NAMESPACE: 'n' })).toMatchObject({
    found: 'ok',
    detail:
      'yours; address: profile; namespace: TEMPORAL_NAMESPACE; API key: profile; TLS: on, because of the key; profile: default, in the file of TEMPORAL_CONFIG_FILE',
  })
  expect(await look({ ...file, TEMPORAL_PROFILE: 'other' })).toMatchObject({ found: 'problem' })
  const folder = join(home, '.config', 'temporalio')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'temporal.toml'), '')
  writeFileSync(join(home, 'temporal'), '#!/bin/sh\n', { mode: 0o755 })
  expect(await look({ HONE_TEMPORAL_CLI: join(home, 'temporal'), TEMPORAL_API_KEY: 's3cret' })).toMatchObject({
    found: 'ok',
    fix: expect.stringMatching(/^Not used, since Hone's own server is: TEMPORAL_API_KEY, a file of profiles/),
  })
})
