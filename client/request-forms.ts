import { dataSteps } from '../data/steps/registry.ts'
import { noCheck } from '../domain/answer-check.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { endpointsOf, nameOf } from '../domain/recipe/references.ts'
import { stepsOfRound } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import type { Row } from '../domain/rows.ts'
import type { Ask, AskRequest, Reply } from '../models/ask.ts'
import { createJudge } from '../verifier/judge/judge.ts'
import { own } from '../domain/own.ts'

/** A form of request that a recipe's steps send to an endpoint, with a request of this form. */
export interface RequestForm {
  endpoint: string
  /** Names of the steps and benchmarks that send it. */
  users: string[]
  request: AskRequest
}

/**
 * The forms of the requests that a recipe sends: equal are requests to one endpoint with the same
 * roles, the same number of pictures and the same sampling but for the seed. Each step works on a
 * made-up row with the picture `picture`, so that a form is what the step's own code makes of the
 * recipe.
 */
export async function requestForms(recipe: Recipe, picture: string): Promise<RequestForm[]> {
  const forms = new Map<string, RequestForm>()
  const note = (user: string, request: AskRequest): void => {
    const key = formOf(request)
    const form = forms.get(key)
    if (!form) forms.set(key, { endpoint: request.endpoint, users: [user], request })
    else if (!form.users.includes(user)) form.users.push(user)
  }
  const row = madeUpRow(picture)
  for (const step of stepsOf(recipe))
    for (const request of await requestsOf(recipe, step, row)) note(nameOf(step), request)
  for (const [name, { judge }] of Object.entries(recipe.benchmarks))
    if (judge !== undefined) for (const request of await judgeRequests(judge)) note(name, request)
  return [...forms.values()]
}

function formOf({ endpoint, messages, sampling: { temperature, topP, maxTokens } }: AskRequest): string {
  const shape = messages.map(({ role, images = [] }) => [role, images.length])
  return JSON.stringify([endpoint, shape, temperature, topP, maxTokens])
}

/** The steps of all rounds. */
function stepsOf(recipe: Recipe): RecipeStep[] {
  const depths = [1, 2, ...Object.keys(recipe.rounds.at ?? {}).map(Number)]
  return depths.flatMap((depth) => stepsOfRound(recipe, depth))
}

async function requestsOf(recipe: Recipe, step: RecipeStep, row: Row): Promise<AskRequest[]> {
  const named = endpointsOf(step)
  if (named.length === 0) return []
  const asked = await requestsOfDataStep(recipe, step, row)
  const isAsked = (endpoint: string) => asked.some((request) => request.endpoint === endpoint)
  const judge = named.find(({ option }) => option === 'judge')?.endpoint
  return [...asked, ...(judge === undefined || isAsked(judge) ? [] : await judgeRequests(judge))]
}

/** The requests that a data step makes for the row; none of other steps. */
async function requestsOfDataStep(recipe: Recipe, step: RecipeStep, row: Row): Promise<AskRequest[]> {
  const definition = own(dataSteps, step.step)
  if (!definition || definition.per === 'dataset') return []
  const { ask, requests } = recorder()
  const context = {
    options: definition.options.parse(step),
    overview: undefined,
    ask,
    fingerprintsOf: () => Promise.resolve(new Map()),
    seed: recipe.seed,
    promptSuffix: recipe.promptSuffix,
  }
  // A step may find no sense in the made-up replies. It has asked by then.
  await (definition.per === 'row' ? definition.run(row, context) : definition.run([row], context)).catch(() => [])
  return requests
}

async function judgeRequests(endpoint: string): Promise<AskRequest[]> {
  const { ask, requests } = recorder()
  const judge = createJudge({ ask, endpoint, model: endpoint, isPatient: true })
  await judge.judge([
    { question: 'What is at the top left?', gold: 'a red circle', answer: 'It is a circle, and red.' },
  ])
  return requests
}

/**
 * An `ask` that writes requests down. Its replies differ from each other, so that steps which ask
 * another model about a difference ask that model too.
 */
function recorder(): { ask: Ask; requests: AskRequest[] } {
  const requests: AskRequest[] = []
  const ask: Ask = (request): Promise<Reply> => {
    requests.push(request)
    const text = `<think>I look at it.</think>\n\n- What is at the top left?\n\n<answer>${requests.length}</answer>`
    return Promise.resolve({
      key: `made-up-${requests.length}`,
      text,
      finishReason: 'stop',
      promptTokens: 0,
      completionTokens: 0,
      reused: false,
    })
  }
  return { ask, requests }
}

const madeUpRow = (picture: string): Row => ({
  ...noCheck,
  id: 'made-up',
  parentId: null,
  originId: 'made-up',
  images: [picture],
  question: 'How many shapes are there in total?',
  answer: '2',
  description: 'There is a red circle at the top left and a blue square at the bottom right.',
  trace: '<think>I see a red circle and a blue square. That makes two shapes.</think> <answer>2</answer>',
  verdict: null,
  metadata: {},
})
