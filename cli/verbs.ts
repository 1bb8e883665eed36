import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'

/**
 * A verb as the help lists it. Its module is loaded only when the verb is used, so that
 * `hone --help` is quick.
 */
export interface Verb {
  name: string
  group: string
  summary: string
  load: (terminal: Terminal) => Promise<Command>
}

const run = 'Run:'
const look = 'Look:'
const steer = 'Steer:'
const tools = 'Tools:'

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'demo',
    group: run,
    summary: 'run a real campaign on this machine, from nothing',
    load: async (terminal) => (await import('./verbs/demo.ts')).demoCommand(terminal),
  },
  {
    name: 'dev',
    group: run,
    summary: 'bring up servers and worker, until Ctrl-C',
    load: async (terminal) => (await import('./verbs/dev.ts')).devCommand(terminal),
  },
  {
    name: 'start',
    group: run,
    summary: 'start the campaign of a recipe',
    load: async (terminal) => (await import('./verbs/start.ts')).startCommand(terminal),
  },
  {
    name: 'import',
    group: run,
    summary: 'bring data in under a name: JSONL, CSV, Parquet, pictures, archives',
    load: async (terminal) => (await import('./verbs/import.ts')).importCommand(terminal),
  },
  {
    name: 'plan',
    group: run,
    summary: 'what a recipe would run and cost, round by round; starts nothing',
    load: async (terminal) => (await import('./verbs/plan.ts')).planCommand(terminal),
  },
  {
    name: 'list',
    group: look,
    summary: 'all campaigns',
    load: async (terminal) => (await import('./verbs/list.ts')).listCommand(terminal),
  },
  {
    name: 'status',
    group: look,
    summary: 'where a campaign stands and what runs now',
    load: async (terminal) => (await import('./verbs/status.ts')).statusCommand(terminal),
  },
  {
    name: 'watch',
    group: look,
    summary: 'follow a campaign live until it ends',
    load: async (terminal) => (await import('./verbs/watch.ts')).watchCommand(terminal),
  },
  {
    name: 'rounds',
    group: look,
    summary: 'the tree of rounds with decisions and scores',
    load: async (terminal) => (await import('./verbs/rounds.ts')).roundsCommand(terminal),
  },
  {
    name: 'show',
    group: look,
    summary: 'one round: steps, rows, jobs, metrics, samples',
    load: async (terminal) => (await import('./verbs/show.ts')).showCommand(terminal),
  },
  {
    name: 'stats',
    group: look,
    summary: 'datasets in figures: lengths, reflection words, variety',
    load: async (terminal) => (await import('./verbs/stats.ts')).statsCommand(terminal),
  },
  {
    name: 'lineage',
    group: look,
    summary: 'where a checkpoint or a row comes from',
    load: async (terminal) => (await import('./verbs/lineage.ts')).lineageCommand(terminal),
  },
  {
    name: 'model',
    group: look,
    summary: "path of the head's checkpoint",
    load: async (terminal) => (await import('./verbs/model.ts')).modelCommand(terminal),
  },
  {
    name: 'psql',
    group: look,
    summary: "psql on this home's database",
    load: async (terminal) => (await import('./verbs/psql.ts')).psqlCommand(terminal),
  },
  {
    name: 'pause',
    group: steer,
    summary: 'hold a campaign before its next step',
    load: async (terminal) => (await import('./verbs/pause.ts')).pauseCommand(terminal),
  },
  {
    name: 'resume',
    group: steer,
    summary: 'go on with a paused or failed campaign',
    load: async (terminal) => (await import('./verbs/resume.ts')).resumeCommand(terminal),
  },
  {
    name: 'rollback',
    group: steer,
    summary: 'move the head to another round; nothing is deleted',
    load: async (terminal) => (await import('./verbs/rollback.ts')).rollbackCommand(terminal),
  },
  {
    name: 'evaluate',
    group: steer,
    summary: 'grade stored replies again with this verifier; no model is asked',
    load: async (terminal) => (await import('./verbs/evaluate.ts')).evaluateCommand(terminal),
  },
  {
    name: 'export',
    group: tools,
    summary: 'a dataset as files for LLaMA-Factory, EasyR1, verl, TRL, …',
    load: async (terminal) => (await import('./verbs/export.ts')).exportCommand(terminal),
  },
  {
    name: 'step',
    group: tools,
    summary: 'any data step on a file, without a campaign',
    load: async (terminal) => (await import('./verbs/step.ts')).stepCommand(terminal),
  },
  {
    name: 'verify',
    group: tools,
    summary: 'check answers against gold answers',
    load: async (terminal) => (await import('./verbs/verify.ts')).verifyCommand(terminal),
  },
  {
    name: 'shim',
    group: tools,
    summary: 'the reward file for a trainer of your own',
    load: async (terminal) => (await import('./verbs/shim.ts')).shimCommand(terminal),
  },
  {
    name: 'env',
    group: tools,
    summary: 'Python environments of trainers and servers: list, make',
    load: async (terminal) => (await import('./verbs/env.ts')).envCommand(terminal),
  },
  {
    name: 'doctor',
    group: tools,
    summary: 'what is found on this machine, what is missing, how to get it',
    load: async (terminal) => (await import('./verbs/doctor.ts')).doctorCommand(terminal),
  },
]
