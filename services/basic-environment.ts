type Environment = Readonly<Record<string, string | undefined>>

/** Where programs, libraries, certificates and temporary files are, and how people write. */
const basic =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TMP|TEMP|XDG_\w+|LD_LIBRARY_PATH|DYLD_\w+|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|NO_COLOR|HONE_HOME|HONE_CACHE)$/

/**
 * What a program needs that is given no secret: PostgreSQL, Temporal, the demo's teacher. Keys of
 * providers stay out of its environment, where its users could read them.
 */
export const basicEnvironment = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && basic.test(name) ? [[name, value]] : [])),
  )
