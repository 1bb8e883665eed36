/**
 * The answer that a reply marks: the last `<answer>…</answer>` or `<CONCLUSION>…</CONCLUSION>`,
 * else the last `\boxed{…}`, else what a last line such as "The final answer is: B" says, else
 * null.
 */
export function answerIn(reply: string): string | null {
  for (const tag of tags) {
    const text = taggedIn(reply, tag)
    if (text !== null) return boxedIn(text) ?? saidIn(text) ?? text
  }
  return boxedIn(reply) ?? saidIn(reply)
}

/** LLaVA-CoT writes its answer as a conclusion. */
const tags = ['answer', 'CONCLUSION'] as const

function taggedIn(reply: string, tag: string): string | null {
  const open = reply.lastIndexOf(`<${tag}>`)
  if (open < 0) return null
  const from = open + tag.length + 2
  const close = reply.indexOf(`</${tag}>`, from)
  const inner = reply.slice(from, close < 0 ? undefined : close)
  const text = inner.trim().replace(/^final answer\s*:\s*/i, '')
  return text === '' ? null : text
}

function boxedIn(text: string): string | null {
  const at = text.lastIndexOf('\\boxed{')
  if (at < 0) return null
  let depth = 1
  const from = at + '\\boxed{'.length
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '{') depth++
    else if (text[index] === '}' && --depth === 0) return text.slice(from, index).trim() || null
  }
  return null
}

// The words must begin a line or a sentence: "I doubt that the answer is B" says nothing.
const says =
  /(?:^|[.!?:\n])[\s*#>]*(?:(?:so|thus|hence|therefore)\b,?\s*)?(?:the\s+)?(?:final\s+|correct\s+)?answer\s*(?:\*\*)?\s*(?:is\s*:?|[:：])(?:\*\*)?\s*([^\n]+?)\s*$/i

// GSM8K writes its answer after four hashes.
const hashes = /^####\s*([^\n]+)$/

/** What a reply says in its last line: "The answer is B.", "#### 42". */
function saidIn(reply: string): string | null {
  const text = reply.trimEnd()
  const line = text.slice(text.lastIndexOf('\n') + 1)
  const said = (says.exec(line) ?? hashes.exec(line))?.[1]?.replaceAll('**', '').trim() ?? ''
  const answer = said.replace(/[.。]$/, '').trim()
  // More sentences after the answer: where the answer ends is not sure.
  return answer === '' || /[.!?]\s+\S/.test(answer) ? null : answer
}
