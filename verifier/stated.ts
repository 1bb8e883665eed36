import { lastNumber } from './last-number.ts'
import { trimMarks } from './plain-text.ts'
import type { AnswerKind, FoundSlot } from './verdict.ts'

/**
 * The words for "the answer is" in the languages that models answer in. Each is followed by a verb
 * or a colon.
 */
const statedLead = new RegExp(
  [
    String.raw`(?:\bfinal answer|\banswer|\bcorrect (?:option|choice)|答案)(?: here)?[*_]{0,2} ?(?:is|are|was|:|=|：|是|为)(?: ?(?:therefore|thus|option|choice)\b)?`,
    String.raw`\b(?:Antwort|Lösung|Ergebnis)(?: hier)?[*_]{0,2} ?(?:ist|lautet|beträgt|:)`,
    String.raw`\b(?:réponse|solution|résultat)(?: (?:finale|correcte|exacte))?[*_]{0,2} ?(?:est(?: donc)?|:)`,
    String.raw`\b(?:respuesta|solución|resultado)(?: (?:final|correcta))?[*_]{0,2} ?(?:es|:)`,
    String.raw`\b(?:resposta|solução)(?: (?:final|correta))?[*_]{0,2} ?(?:é|:)`,
    String.raw`\b(?:risposta|soluzione)(?: (?:finale|corretta))?[*_]{0,2} ?(?:è|:)`,
    String.raw`\b(?:antwoord|oplossing)[*_]{0,2} ?(?:is|:)`,
    String.raw`(?:đáp án|câu trả lời)[*_]{0,2} ?(?:là|:)`,
    String.raw`\b(?:jawaban(?:nya)?)[*_]{0,2} ?(?:adalah|:)`,
    String.raw`\b(?:cevap|odpowiedź)[*_]{0,2} ?(?:to|:)`,
    String.raw`(?:ответ|відповідь)[*_]{0,2} ?(?:[:：—-]|это|равен)`,
    String.raw`(?:答え|正解|解答|回答)[*_]{0,2} ?(?:は|:|：)、?`,
    String.raw`(?:정답|답변|답)[*_]{0,2} ?(?:은|는|:|：)`,
    String.raw`(?:الإجابة|الجواب|الاجابة)(?: (?:الصحيحة|النهائية|الصحيح|النهائي))?[*_]{0,2} ?(?:هي|هو|:)`,
    String.raw`(?:उत्तर|जवाब)[*_]{0,2} ?(?:है|:)?(?= ?[\d०-९A-J])`,
  ]
    .map((part) => `(?:${part})[ :：*_]{0,4}`)
    .join('|'),
  'giu',
)

/** 故选：D · 因此选C · 应选择B · 选项B正确 · Por eso la opción B. Only a choice is stated so. */
const chosenLead =
  /(?:(?:故|应|当|可|本题|答案)选择?|(?:所以|因此|综上),?选择?|(?:^|[，,。；;] ?)选择?)[项为是:：]{0,2} ?(?=[（(]?[A-J](?![a-zA-Z]))|(?:正确|最佳)的?(?:选项|选择)[是为:：]{0,2} ?(?=[（(]?[A-J](?![a-zA-Z]))|选项 ?(?=[A-J] ?(?:是|为)?正确)|選択肢 ?(?=[A-J] ?(?:が|は)?正)/gmu

/** "the answer is …": the sentence after the last such words. */
export function statedAnswer(text: string, kind: Exclude<AnswerKind, 'auto'>): FoundSlot | null {
  let last: { from: number; index: number } | null = null
  for (const found of text.matchAll(statedLead)) last = { from: found.index + found[0].length, index: found.index }
  if (kind === 'choice') {
    for (const found of text.matchAll(chosenLead)) {
      if (last === null || found.index >= last.index) last = { from: found.index + found[0].length, index: found.index }
    }
  }
  if (last === null) return null
  const rest = text.slice(last.from, last.from + 4_000)
  const line = rest.split('\n').find((l) => trimMarks(l.replaceAll('$', '')) !== '') ?? ''
  const sentence = firstSentence(kind === 'choice' ? withOtherOptions(rest, line) : line)
  const place = { from: last.index, to: last.from + Math.max(0, rest.indexOf(line)) + sentence.length }
  const extracted = withoutVerbAfter(withoutLeadIn(sentence))
  if (kind === 'number' && statedNumber.test(extracted.slice(-300))) {
    const number = lastNumber(extracted)
    if (number !== null) return { ...number, rule: 'final-answer', ...place }
  }
  return extracted === '' ? null : { extracted, rule: 'final-answer', ...place }
}

/** The line with the lines after it that name options too: a copied list picks no option. */
function withOtherOptions(rest: string, line: string): string {
  const after = rest
    .slice(rest.indexOf(line) + line.length)
    .split('\n', 12)
    .slice(1)
  const end = after.findIndex((next) => !/^\s*(?:\(?[A-J][).:]\s|$)/.test(next))
  return [line, ...after.slice(0, end < 0 ? after.length : end)].join(' ')
}

/** Verbs and articles of other languages around an answer: 12です, 12입니다, "la B". */
function withoutVerbAfter(text: string): string {
  if (/(?:では|じゃ)(?:ない|ありません)|아[니닙]|않/u.test(text)) return text
  return text
    .replace(/\s?(?:です|だ|である|でした|입니다|이다|예요|है|हैं)[。.．]?$/u, '')
    .replace(/(?<=\d) ?(?:개|명|마리|권|장|살|個|つ|人|匹|本|枚|冊|歳)$/u, '')
    .replace(
      /^(?:la|el|le|l'option|option|opción|opzione|opção|Option|lettre|(?:a )?letra|(?:la )?lettera)\s(?=[A-J](?![a-z]))/iu,
      '',
    )
    .replace(/(?<=[A-J])(?:が正しい|番|번)$/u, '')
}

/**
 * The text up to the full stop that ends its first sentence. A full stop within a number does not
 * end a sentence. Reasons ("because …") are cut off too.
 */
function firstSentence(line: string): string {
  let sentence = line
  for (const end of line.matchAll(/[.!](?:\s|\*\*)+(?=[A-Z*])|。|\.$/g)) {
    const before = line.slice(0, end.index)
    // "B. red" is a letter with its text and "J.K. Rowling" is a name: neither ends a sentence.
    if (/(?:^|[\s.(*])[A-Za-z]$/.test(before) && end[0] !== '.' && !startsSentence(line.slice(end.index))) continue
    sentence = before
    break
  }
  const clause = /,? (?:because|since|which|as|weil|porque|car|perché)\b/.exec(sentence)
  return clause === null ? sentence : sentence.slice(0, clause.index)
}

/** "B. Note that A is wrong": words that begin a sentence and no option's text. */
function startsSentence(rest: string): boolean {
  return /^[.!?]\s+(?:Wait|Actually|Note|No|Hmm|Let|So|On|The other|Correction|Scratch|I)\b/.test(rest)
}

/** Takes "Final answer:", "The answer is" or "Answer:" off an answer. */
export function withoutLeadIn(raw: string): string {
  const text = raw.trim().replace(/^\*{2}(?=[^*])/, '')
  const found =
    /^(?:(?:so|thus|therefore|hence),? )?(?:the )?(?:(?:final|correct|right|best) )?(?:answer|option|choice|result|value|答案)[*_]{0,2} ?(?:is|:|=|：|是|为)[ :：*_]{0,4}/i.exec(
      text,
    )
  return (found === null ? text : text.slice(found[0].length)).replace(/^\s*\*\*|\*\*\s*$/g, '').trim()
}

/** Prose that ends in "… is 12 cm²". It states this number. */
export const statedNumber =
  /\p{L}{3,} .{0,200}(?:\b(?:is|are|was|were|equals|it's)|:) [$€£¥]?-?\d[\d.,]*\s?\S{0,12}\.?$/u
