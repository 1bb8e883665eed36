import { lastNumber } from '../last-number.ts'
import { collapseSpace, trimMarks, unifyCharacters } from '../plain-text.ts'

/**
 * Words that leave open what a sentence states: a denial, a choice, a doubt, a bound, an offset or
 * an operation. These classes of words are closed, unlike the nouns and verbs of a sentence.
 */
const open =
  /\b(?:or|either|neither|nor|not|never|cannot|without|except|unless|if|but|although|maybe|perhaps|possibly|probably|might|may|could|would|should|guess|unsure|uncertain|unknown|between|than|minus|plus|times|twice|thrice|double|half|triple|nearly|almost|over|under|above|below|up|excluding|else|additional|short|off|away|ago|too|enough|wrong|incorrect|false|mod|divided|multiplied|zero|freezing|nicht|kein\w*|pas|oder|ou)\b|n't\b|では(?:な|あり)|じゃ|아[니닙]|않|(?:^|\s)(?:не|или)\s|[?<>≤≥≠±]|[或不非没未]|超过|至少|至多|大约不/i
/** Words that only name the value where they come before its verb: "The larger sum is 12". */
const openAfter =
  /\b(?:more|less|fewer|greater|smaller|larger|higher|lower|least|most|another|other|extra|remaining|squared|cubed|factorial|root|inverse|reciprocal|sum|difference|product|power|multiple|per)\b/i
const reason = /,? (?:because|since|given that|weil|porque|perché|parce que)\b|，?因为/i
const numberWord =
  /^(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|a (?:hundred|thousand|dozen))\b/i
/** Verbs after which a sentence states its value. */
const states =
  /^(.*\b(?:is|are|was|were|equals|equal to|gives|becomes|makes|totals|reads|shows|takes|costs|measures|weighs|contains|has|have|had|got|get|reached|yields|comes to|amounts to|we find|we obtain|there are|there is|ist|beträgt|est|es|é|è)(?![\p{L}])|.*[:=])\s*(?:(?:approximately|about|around|roughly|exactly|only|just|also|then|simply|therefore|thus|now|equal to|to be)\s+)*(\S.*)$/isu

/**
 * The part of a sentence that states its value: the text after its last verb of stating, or its
 * only number. Null when words leave open what it states, or when there are several numbers.
 */
export function statedValue(raw: string): string | null {
  if (raw.length > 600) return null
  const whole = collapseSpace(unifyCharacters(raw))
  const end = reason.exec(whole)?.index ?? whole.length
  const text = trimMarks(/\d/.test(whole.slice(0, end)) ? whole.slice(0, end) : whole)
  if (open.test(text.replace(/\\[a-zA-Z]+/g, ' '))) return null
  const sentence = lastSentence(text)
  const tail = states.exec(withoutYear(sentence))?.[2]
  if (
    tail !== undefined &&
    (/\d|\\[a-zA-Z]|π/.test(tail) || numberWord.test(tail)) &&
    tail.length <= 80 &&
    isOneValue(tail) &&
    !openAfter.test(tail)
  )
    return tail
  const flat = withoutYear(sentence)
  if (
    numbersIn(flat) !== 1 ||
    openAfter.test(flat) ||
    (flat.split(' ').length < 4 && !/[\u3040-\u9fff\uac00-\ud7af]{3}/.test(flat)) ||
    /\bof \d/.test(flat)
  )
    return null
  const number = lastNumber(withoutYear(sentence))
  return number?.extracted ?? null
}

function lastSentence(text: string): string {
  let from = 0
  for (const end of text.matchAll(/[.!]\s+(?=\p{Lu})|。(?=.)|\n/gu)) from = end.index + end[0].length
  return text.slice(from)
}

/** "In 2019 the share was 45": the year is no second number. */
function withoutYear(text: string): string {
  const without = text.replace(/\b(?:in|since|by|during|for|year|from)\s(?:the year )?(?:1[5-9]|20)\d\d\b/gi, ' ')
  return /\d/.test(without) ? without : text
}

function isOneValue(tail: string): boolean {
  const words = tail.split(' ').filter((word) => /^[a-zA-Z]{2,}[.,]?$/.test(word))
  return words.length <= 5
}

function numbersIn(text: string): number {
  return text.match(/\d[\d.,]*(?: \d{3}(?!\d))*/g)?.length ?? 0
}
