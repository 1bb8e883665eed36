/**
 * What the import changed in a row, dropped or joined, so that a person can see it counted. Every
 * note has a text that follows a number of rows.
 */
const allNotes = [
  ['left-out-by-where', 'left out, because "where" of the mapping does not hold for them'],
  ['turn-of-talk', 'are a question of a conversation of several turns; the questions before are part of the question'],
  ['first-turn', 'are the first question of a conversation of several turns; the later questions are left out'],
  ['picture-in-turn', 'have pictures from inside the turns of their conversation'],
  ['text-row', 'have no picture and stay as rows of text'],
  ['fewer-marks', 'have fewer <image> marks than pictures; all pictures stay'],
  ['other-marks', 'had marks of pictures such as <image1> in the question, which were taken out'],
  ['boxes-filled', 'had <bbox> or <ref-object> marks, which were replaced by the objects of the row'],
  ['empty-choice', 'have an empty choice, which keeps its place'],
  ['no-answer-word', 'have NaN, None, NULL or N/A where the answer stands: they have no answer'],
  ['answer-word', 'have a word instead of the answer of the source, as answerWords says'],
  ['answer-by-place', 'have the place of a choice as answer; it became the letter'],
  ['answer-by-majority', 'have the answers of several people; the most frequent answer is the answer'],
  ['answer-of-several', 'have several accepted answers; each of them counts'],
  ['answer-list', 'have a list as answer; all its items together are the answer'],
  ['answer-box', 'have a list of four numbers as answer: it is a box'],
  ['answer-from-reply', 'have a whole reply as answer; the answer that it marks is taken'],
] as const

export type RowNote = (typeof allNotes)[number][0]
const texts = new Map<string, string>(allNotes)

/** How many rows a note holds for. */
export interface NoteCount {
  /** One of {@link RowNote}, or the note of another version of Hone. */
  note: string
  rows: number
}

/** What a note says about its rows. */
export const noteText = (note: string): string => texts.get(note) ?? note

/** Counts the notes of rows. */
export class NoteTally {
  readonly #rows = new Map<RowNote, number>()

  add(notes: Iterable<RowNote>): void {
    for (const note of notes) this.#rows.set(note, (this.#rows.get(note) ?? 0) + 1)
  }

  /** In the order in which the texts are listed. */
  counts(): NoteCount[] {
    const counts: NoteCount[] = []
    for (const [note] of allNotes) {
      const rows = this.#rows.get(note)
      if (rows !== undefined) counts.push({ note, rows })
    }
    return counts
  }
}
