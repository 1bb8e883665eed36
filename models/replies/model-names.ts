// OpenRouter's variants of one model, and names for the newest version.
const variant =
  /(?::(?:free|nitro|floor|online|extended|beta|exacto|latest)|[-@](?:latest|preview|exp|experimental|default))$/
// -2024-08-06, -20241022, @20240620, -08-2024, -0613, -05-06, -2411, -002, -v1, -v2:0
const version = /[-@](?:\d{4}-\d\d-\d\d|\d{8}|\d\d-\d{4}|\d\d-\d\d|\d{4}|0\d\d|v\d(?::\d)?)$/
// Bedrock's regions and vendors.
const bedrock = /^(?:(?:us|eu|apac|global)\.)?(?:anthropic|meta|mistral|amazon|cohere|qwen|deepseek|openai)\./

interface PlainModel {
  /** Without provider, folder, date and variant, in small letters. */
  name: string
  /** Digits of the date or version; empty where the name has neither. */
  version: string
}

function plainModel(model: string): PlainModel {
  const path = model.trim().toLowerCase().replaceAll('\\', '/').replace(/\/+$/, '')
  const cached = /models--[^/]*?--([^/]+)\/snapshots\/[^/]+$/.exec(path)?.[1]
  const last = cached ?? path.split('/').at(-1) ?? path
  let name = last
    .replace(bedrock, '')
    .replace(/\.gguf$/, '')
    .replaceAll(/[_\s]/g, '-')
  let digits = ''
  for (let before = ''; before !== name;) {
    before = name
    name = name.replace(variant, '')
    const dated = version.exec(name)?.[0]
    if (dated === undefined) continue
    digits = dated.replaceAll(/\D/g, '') + digits
    name = name.slice(0, -dated.length)
  }
  return { name, version: digits }
}

/**
 * Whether another model answered than the one that was asked. The same are: a dated version, a
 * provider's prefix (`openai/`, `models/`), another case, the folder of a local model, an adapter
 * and its model (`base:adapter`), a variant of a gateway (`:free`). False where the server names no
 * model. The name of an Azure deployment is not a model's name, so do not ask this for a
 * deployment.
 */
export function isOtherModel(asked: string, served: string | null): boolean {
  if (served === null || served.trim() === '') return false
  const [one, other] = [plainModel(asked), plainModel(served)]
  if (one.version !== '' && other.version !== '' && one.version !== other.version) return true
  // A tag (Ollama's size, SGLang's adapter) may be in one of the names alone.
  const [base, tag] = one.name.split(':')
  const [servedBase, servedTag] = other.name.split(':')
  return base !== servedBase || (tag !== undefined && servedTag !== undefined && tag !== servedTag)
}
