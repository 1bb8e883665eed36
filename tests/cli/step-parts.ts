import type { FakeEndpoint } from '../models/fake-endpoint.ts'
import type { StepFolder } from './step-world.ts'

/** Options that name the one server and model of a test. */
export const serverOptions = (endpoint: FakeEndpoint): string[] => ['--endpoint', endpoint.url, '--model', 'fake-model']

/** Rows with ids from `row-0`, each with a question, an answer and a description. */
export const described = (count: number, description = (at: number) => `picture ${at}`) =>
  Array.from({ length: count }, (_, at) => ({
    id: `row-${at}`,
    images: [`img/${at}.png`],
    question: `question ${at}?`,
    answer: String(at),
    description: description(at),
  }))

/** Writes rows with one picture each to `in.jsonl`. */
export const writeRowsWithPictures = async (folder: StepFolder, count: number): Promise<string> => {
  for (let at = 0; at < count; at++) await folder.picture(`img/${at}.png`, at)
  return folder.writeLines(
    'in.jsonl',
    described(count, () => 'old'),
  )
}

/** The arguments of `hone step reason` from `in.jsonl` to `out.jsonl`. */
export const reasonArguments = (
  folder: StepFolder,
  endpoint: FakeEndpoint,
  changes: readonly string[] = [],
): string[] => [
  'step',
  'reason',
  '--input',
  folder.at('in.jsonl'),
  '--output',
  folder.at('out.jsonl'),
  ...serverOptions(endpoint),
  ...changes,
]
