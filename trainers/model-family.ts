import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { demoBaseModel } from '../domain/base-model.ts'
import { parseJson } from '../domain/json-text.ts'

/** What the models of a family cannot be trained on. */
export interface ModelFamily {
  name: string
  /** `model_type` of its config.json begins with one of these. */
  types: readonly string[]
  /** What its models are called on the hub. */
  called: RegExp
  /**
   * How many times longer one side of a picture may be than the other. The family's processor ends
   * the job at a picture beyond it. Null without a limit.
   */
  maxRatio: number | null
  /**
   * Texts that its tokenizer turns into special tokens. A mark of a picture counts as one picture
   * more, and the job ends; the end of a turn teaches the model to stop or to speak for the user.
   * Tokens that a reply may well hold are left out, such as Qwen's `<|box_start|>`.
   */
  tokens: readonly string[]
}

const qwenTurns = ['<|im_start|>', '<|im_end|>', '<|endoftext|>']

/**
 * `maxRatio` is from `smart_resize` in the image processors of transformers 5.23. The same code of
 * Qwen-VL and GLM-V enlarges short sides, so a short side is no problem. Tokens are from the
 * processors of transformers 5.23 and the templates of LLaMA-Factory 0.9.5. `<start_of_image>` and
 * `<end_of_image>` are in neither of them; Gemma's tokenizer has them, which was not looked at.
 */
const families: readonly ModelFamily[] = [
  {
    name: 'Qwen-VL',
    types: ['qwen2_vl', 'qwen2_5_vl', 'qwen3_vl', 'qwen3_5'],
    called: /qwen.*vl|qwen3\.5|mimo-vl/i,
    maxRatio: 200,
    tokens: [...qwenTurns, '<|vision_start|>', '<|vision_end|>', '<|vision_pad|>', '<|image_pad|>', '<|video_pad|>'],
  },
  {
    name: 'GLM-V',
    types: ['glm4v', 'glm46v'],
    called: /glm-4[.\d]*v/i,
    maxRatio: 200,
    tokens: [
      '<|endoftext|>',
      '<|system|>',
      '<|user|>',
      '<|assistant|>',
      '<|observation|>',
      '<|image|>',
      '<|begin_of_image|>',
      '<|end_of_image|>',
      '<|video|>',
      '<|begin_of_video|>',
      '<|end_of_video|>',
    ],
  },
  {
    name: 'InternVL',
    types: ['internvl'],
    called: /internvl/i,
    maxRatio: null,
    tokens: [...qwenTurns, '<IMG_CONTEXT>', '<img>', '</img>'],
  },
  {
    name: 'Gemma 3',
    types: ['gemma3'],
    called: /gemma-3/i,
    maxRatio: null,
    tokens: [
      '<bos>',
      '<eos>',
      '<start_of_turn>',
      '<end_of_turn>',
      '<start_of_image>',
      '<end_of_image>',
      '<image_soft_token>',
    ],
  },
  {
    name: 'Llama Vision',
    types: ['mllama'],
    called: /llama-3\.2-\d+b-vision/i,
    maxRatio: null,
    tokens: [
      '<|image|>',
      '<|begin_of_text|>',
      '<|end_of_text|>',
      '<|start_header_id|>',
      '<|end_header_id|>',
      '<|eot_id|>',
      '<|eom_id|>',
    ],
  },
  {
    name: 'Pixtral',
    types: ['mistral3', 'pixtral'],
    called: /pixtral|mistral-small-3/i,
    maxRatio: null,
    tokens: ['[IMG]', '[IMG_BREAK]', '[IMG_END]', '[INST]', '[/INST]'],
  },
  {
    name: 'SmolVLM',
    types: ['idefics3', 'smolvlm'],
    called: /smolvlm|idefics3/i,
    maxRatio: null,
    tokens: [...qwenTurns, '<end_of_utterance>', '<fake_token_around_image>', '<global-img>'],
  },
]

/**
 * For models of no known family, and for exports, whose model nobody knows: the limits of all of
 * them. `<img>` is left out, because questions about HTML hold it.
 */
export const anyFamily: ModelFamily = {
  name: 'any family',
  types: [],
  called: /(?!)/,
  maxRatio: 200,
  tokens: [...new Set(families.flatMap(({ tokens }) => tokens))].filter((token) => !/^<\/?img>$/.test(token)),
}

/** Why a family's processor refuses a picture of this size; null when it takes the picture. */
export function pictureProblem({ maxRatio }: ModelFamily, { width, height }: { width: number; height: number }) {
  const ratio = Math.max(width, height) / Math.min(width, height)
  return maxRatio !== null && ratio > maxRatio ? 'image-too-flat' : null
}

/** The family of a `model_type`; {@link anyFamily} for an unknown type. */
const familyOfType = (type: string): ModelFamily =>
  families.find(({ types }) => types.some((start) => type.startsWith(start))) ?? anyFamily

/** The family of a model of the hub, by its name. */
export function familyOfName(path: string): ModelFamily {
  if (path === demoBaseModel) return familyOfType('qwen2_5_vl')
  return families.find(({ called }) => called.test(path)) ?? anyFamily
}

const modelConfig = z.object({ model_type: z.string() })

/** The family of a folder of weights, by its config.json; null without a readable file. */
export async function familyOfFolder(folder: string): Promise<ModelFamily | null> {
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '')
  const { data } = modelConfig.safeParse(parseJson(text))
  return data ? familyOfType(data.model_type) : null
}
