import { didYouMean } from '../../domain/did-you-mean.ts'
import type { ProductOptions } from '../../domain/job-resources.ts'
import { refusal } from '../../jobs/finding.ts'
import type { Finding } from '../../jobs/finding.ts'

import { optionNames } from './option-names.ts'
import { own } from '../../domain/own.ts'

const byHone = 'Hone sets it'

/**
 * Keys that Hone sets, with the recipe's key of the same meaning. Null when the recipe has no such
 * key.
 */
const setByHone: Readonly<Record<string, string | null>> = {
  stage: null,
  do_train: null,
  dataset: null,
  dataset_dir: null,
  media_dir: null,
  output_dir: null,
  overwrite_output_dir: null,
  resume_from_checkpoint: null,
  model_name_or_path: 'startFrom',
  adapter_name_or_path: null,
  adapter_folder: null,
  create_new_adapter: null,
  finetuning_type: 'lora',
  freeze_vision_tower: 'freezeVision',
  freeze_multi_modal_projector: 'freezeVision',
  lora_rank: 'lora.rank',
  lora_alpha: 'lora.alpha',
  lora_dropout: 'lora.dropout',
  lora_target: 'lora.targetModules',
  per_device_train_batch_size: 'microBatchSize',
  gradient_accumulation_steps: 'batchSize',
  auto_find_batch_size: 'microBatchSize',
  max_steps: 'steps',
  num_train_epochs: 'epochs',
  learning_rate: 'learningRate',
  lr_scheduler_type: 'scheduler',
  warmup_steps: 'warmupRatio',
  warmup_ratio: 'warmupRatio',
  weight_decay: 'weightDecay',
  seed: 'seed',
  logging_steps: null,
  logging_strategy: null,
  logging_first_step: null,
  logging_nan_inf_filter: null,
  save_strategy: 'saveEverySteps',
  save_steps: 'saveEverySteps',
  save_total_limit: 'saveEverySteps',
  image_max_pixels: 'imageMaxPixels',
  image_min_pixels: 'imageMinPixels',
  mask_history: null,
  bf16: 'precision',
  fp16: 'precision',
  use_cpu: 'resources.gpus',
  cache_dir: null,
}

const takesRows = 'it takes rows away from the training or makes others of them, and rows in must be rows read'
const otherTensors = 'the trained weights would have other tensors than the start, and no later step could use them'
const otherEngine = 'it trains by another engine, whose files Hone does not read'
const otherPictures = 'pictures would be cut otherwise than by the server that the model is asked on'
const secret = 'it is a secret, and options are kept in files'
const published = 'Hone publishes weights itself, after it looked at them'

/** Keys that would break Hone's guarantees, with the reason. */
const notTaken: Readonly<Record<string, string>> = {
  val_size: takesRows,
  eval_dataset: 'Hone evaluates in steps of their own',
  do_eval: 'Hone evaluates in steps of their own',
  do_predict: 'Hone evaluates in steps of their own',
  predict_with_generate: 'Hone evaluates in steps of their own',
  load_best_model_at_end: 'Hone evaluates in steps of their own',
  max_samples: takesRows,
  streaming: takesRows,
  packing: takesRows,
  neat_packing: takesRows,
  tokenized_path: takesRows,
  dataloader_drop_last: takesRows,
  save_only_model: 'a checkpoint without its optimizer is none that a job can go on from',
  resize_vocab: otherTensors,
  add_tokens: otherTensors,
  add_special_tokens: otherTensors,
  new_special_tokens_config: otherTensors,
  mixture_of_depths: otherTensors,
  train_from_scratch: 'a step trains the weights that it starts from',
  pissa_init: 'its adapters do not belong to the start’s weights, and the merged ones would be wrong',
  use_mca: otherEngine,
  use_hyper_parallel: otherEngine,
  use_kt: otherEngine,
  ray_num_workers: otherEngine,
  ray_init_kwargs: otherEngine,
  image_do_pan_and_scan: otherPictures,
  crop_to_patches: otherPictures,
  hf_hub_token: secret,
  ms_hub_token: secret,
  om_hub_token: secret,
  hub_token: secret,
  swanlab_api_key: secret,
  swanlab_lark_secret: secret,
  push_to_hub: published,
  hub_model_id: published,
  export_dir: published,
  export_hub_model_id: published,
}

/** Findings about the product's own options of a step, one for each key. */
export const optionFindings = (options: ProductOptions): Finding[] =>
  Object.entries(options).flatMap(([name, value]) => optionFinding(name, value) ?? [])

function optionFinding(name: string, value: unknown): Finding | null {
  if (Object.hasOwn(setByHone, name)) {
    const ours = setByHone[name] ?? null
    const fix = ours === null ? `leave options.${name} out` : `leave options.${name} out and set ${ours} of the step`
    return refusal(`options.${name} cannot be set: ${byHone}`, fix)
  }
  const reason = own(notTaken, name)
  if (reason !== undefined) return refusal(`options.${name} is not taken: ${reason}`, `leave options.${name} out`)
  if (!optionNames.has(name)) {
    const meant = didYouMean(name, optionNames)
    return refusal(
      `options.${name} is not a key of LLaMA-Factory 0.9.5`,
      meant === null ? 'leave it out; its keys are those of a training YAML' : `did you mean ${meant}?`,
    )
  }
  // OmegaConf reads the file and would replace it.
  if (JSON.stringify(value).includes('${'))
    return refusal(`options.${name} holds \${…}, which LLaMA-Factory’s reader replaces`, 'write the value itself')
  return null
}
