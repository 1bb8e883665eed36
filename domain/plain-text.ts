// Cc has C0 and C1: some terminals obey 0x9b like ESC [. The marks of direction can show a command
// that is not the command that runs (CVE-2021-42574).
const unsafe = /[^\P{Cc}\t\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/**
 * A text as a terminal may show it: characters that would move its cursor, change its colours or
 * its title, or turn the direction of the text, are written as `\u001b`. Model output, error
 * bodies, names in files and ids of servers hold such characters. In JSON the meaning stays.
 */
export const plainText = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * A text as one line of Markdown that means itself: no mark-up, no HTML, no new cell of a table.
 * Temporal's Web UI shows summaries and details as Markdown.
 */
export const markdownText = (text: string): string =>
  plainText(text.replaceAll(/\s+/g, ' ')).replaceAll(/[\\`*_[\]<>|~#&!]/g, (mark) => `\\${mark}`)
