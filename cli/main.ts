import { Command, CommanderError } from 'commander'
import { describeError, HoneError } from '../domain/errors.ts'
import type { PermanentFailure } from '../domain/errors.ts'
import { exitCodes, Interrupted, printJson, processTerminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { onRunDry } from './unfinished.ts'
import { verbs } from './verbs.ts'
import { honeVersion } from '../models/http/hone-version.ts'

const description = `Durable self-improvement campaigns for vision-language models. Round after round, a model's own verified \
answers become the data it is trained on next. Every step survives a crash, every row and checkpoint knows where it \
comes from, and you can go back to any round.`

const examples = `
Examples:
  $ hone demo                                    a whole campaign on this machine, in minutes
  $ hone start my-recipe.yaml                    your own data, your own endpoints
  $ hone watch                                   follow it live
  $ hone rollback demo --to 1 --reason "worse"   go on from an earlier round
  $ vllm serve $(hone model demo)                use what was trained

CAMPAIGN may be left out of every command while there is only one. State is in HONE_HOME (default: the nearest .hone/).
Exit codes: 0 ok, 1 failed, 2 wrong usage or input, 3 the campaign failed (watch, status --exit-code), 4 the budget is
spent (step), 130 Ctrl-C.`

/**
 * The `hone` program. Returns the exit code (see {@link exitCodes}). Verbs set `process.exitCode`;
 * main() reads it and puts it back as it was.
 */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const before = process.exitCode
  process.exitCode = undefined
  // A reader of our output may go away (`hone rounds | head`): no error. What runs ends in order.
  const ignore = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
  }
  terminal.stdout.on('error', ignore)
  terminal.stderr.on('error', ignore)
  const ended = onRunDry((error) => {
    process.exitCode = exitCodes.failed
    void report(error, argv, terminal)
  })
  try {
    const program = await createProgram(argv, terminal)
    await program.parseAsync(argv, { from: 'user' })
    return exitCodeOfVerb()
  } catch (error) {
    return await report(error, argv, terminal)
  } finally {
    ended()
    process.exitCode = before
  }
}

/** What the verb left in `process.exitCode`. */
function exitCodeOfVerb(): number {
  return Number(process.exitCode ?? exitCodes.ok)
}

/**
 * The program. Only the verb that is asked for is loaded; of the others only name and summary are
 * known.
 */
async function createProgram(argv: readonly string[], terminal: Terminal): Promise<Command> {
  const isJson = wantsJson(argv)
  const program = new Command('hone')
    .description(description)
    .version(honeVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .commandsGroup('Tools:')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', examples)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      // With --json, an error is one object on standard output and nothing else.
      writeErr: (text) => isJson || terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .showSuggestionAfterError()
    .showHelpAfterError('  → `hone help` lists the commands, `hone help COMMAND` shows how one is used')
    .exitOverride()
  const wanted = verbOf(argv)
  for (const verb of verbs) {
    const command = verb.name === wanted ? await verb.load(terminal) : new Command(verb.name)
    program.addCommand(command.summary(verb.summary).helpGroup(verb.group).copyInheritedSettings(program))
  }
  return program
}

/** The verb that is run, or the verb that help is asked for. */
function verbOf(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => !word.startsWith('-'))
  return words[0] === 'help' ? words[1] : words[0]
}

/** Whether the output is for a program. Not for the demo, whose `--json` names a file. */
const wantsJson = (argv: readonly string[]): boolean => argv.includes('--json') && verbOf(argv) !== 'demo'

const inputErrors: ReadonlySet<PermanentFailure> = new Set<PermanentFailure>([
  'InvalidRecipe',
  'InvalidSource',
  'InvalidInput',
  'UnknownCampaign',
  'UnknownRound',
])

/** Says what went wrong, on standard error or as JSON on standard output. Returns the exit code. */
async function report(error: unknown, argv: readonly string[], terminal: Terminal): Promise<number> {
  const say = (type: string, message: string, nextStep: string): void => {
    if (wantsJson(argv)) printJson(terminal, { error: { type, message, nextStep } })
    else terminal.stderr.write(`${message}\n  → ${nextStep}\n`)
  }
  if (error instanceof Interrupted) return exitCodes.interrupted
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok
    // Commander has printed the text for people; programs want an object.
    if (wantsJson(argv)) say('Usage', error.message.replace(/^error: /, ''), 'see `hone help`')
    return exitCodes.usage
  }
  const isDebugging = (terminal.env['HONE_DEBUG'] ?? '') !== ''
  if (isDebugging && error instanceof Error) terminal.stderr.write(`${error.stack ?? error.message}\n`)
  if (error instanceof HoneError) {
    say(error.type, error.message, error.nextStep)
    return inputErrors.has(error.type) ? exitCodes.usage : exitCodes.failed
  }
  const { shortDatabaseError } = await import('../db/database.ts')
  const [line = ''] = describeError(shortDatabaseError(error)).split('\n')
  say(
    'Unexpected',
    line,
    isDebugging ? 'this is a bug of Hone: please report it' : 'HONE_DEBUG=1 shows where it happened',
  )
  return exitCodes.failed
}
