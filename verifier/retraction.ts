/** Words by which a text takes back what it said before. */
const retractions =
  /(?:^|[.!?,;\n。，）)*]|\s)\s{0,3}(?:(?:hmm,? )?wait\b|hold on\b|scratch that|correction\b|on second thought|actually\b|no,? (?:wait|that|this|it)\b|let me (?:re-?check|double-?check|re-?consider|redo|re-?do|re-?calculate|try again)|i made (?:a|an) (?:mistake|error)|(?:that|this)(?:'s| is) (?:wrong|not right|incorrect|a mistake)|oops\b|oh,? no\b|(?:sorry|apologies)\b|i (?:mean|meant|misread|miscounted|misjudged|forgot)\b|no,? \(?[A-J]\)?(?= is\b|[.,;!]|$)|(?:moment|warte|halt|nein),|(?:espera|perdón|attends|attendez|pardon),|等等|不对|等一下|更正)/gi

/** Words by which a text keeps what it said before, after another look. */
const confirmations =
  /\b(?:yes|correct|right|confirmed?|confirms|holds|checks out|consistent|matches|as before|indeed|verified|still)\b|没错|正确/i
const denials = /\b(?:not|cannot|never|wrong|incorrect|mistake|error|no)\b|n't|不|错/i

/** The place after the last words that take back what stands before them, or null. */
export function retractedAt(text: string): number | null {
  let end: number | null = null
  for (const found of text.slice(0, 4_000).matchAll(retractions)) end = found.index + found[0].length
  return end
}

/** Whether the text after such words keeps the answer: "Wait, let me check. Yes, that is right." */
export function isConfirmed(after: string): boolean {
  return confirmations.test(after) && !denials.test(after)
}

const openEnd =
  /(?:[,;:=+*/×÷(<>≈-]|\b(?:the|a|an|and|or|but|by|of|to|in|on|at|is|are|was|were|be|we|i|it|this|that|these|those|which|who|with|for|from|as|so|then|if|when|because|since|let|let's|than|into|its|their|his|her|has|have|had|will|would|can|could|not|next|therefore|thus|hence|where|whether|each|per))$/i
/** A clause that follows the last number and has no end: "…, and if we subtract". */
const openClause =
  /\d\$?,? (?:and |but )?(?:if|when|which|whose|where|unless|although|while|because|since)\b(?!.*\b(?:answer|result|total|solution|right|correct|matches|required|wanted|asked|agrees)\b)[^\d.!?]{1,80}$/i

/** Whether a text of several sentences ends in the middle of a sentence. */
export function isCutOff(text: string): boolean {
  const end = text.trimEnd()
  if (end.length < 60 || end.split(/\s/, 12).length < 12) return false
  const tail = end.slice(-300)
  const dollars = tail.split('$').length - 1
  const isOpenMath =
    tail.lastIndexOf('\\(') > tail.lastIndexOf('\\)') || tail.lastIndexOf('\\[') > tail.lastIndexOf('\\]')
  return (
    openEnd.test(tail) ||
    openClause.test(tail) ||
    isOpenMath ||
    (end.length <= 300 && dollars % 2 === 1 && !/\$\d/.test(tail))
  )
}
