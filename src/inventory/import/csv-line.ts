/**
 * One line of CSV (RFC 4180). A quoted cell ends on its line: a reader that lets quotes span lines takes every line behind a
 * forgotten quote for one cell, and loses them; here only the line with the fault is refused, by its true number.
 */

/** What spreadsheets write: the comma, the semicolon where the comma is in numbers, the tab when cells are copied. */
export const CSV_DELIMITERS = [',', ';', '\t'] as const
export type CsvDelimiter = (typeof CSV_DELIMITERS)[number]

/** The cells, blanks around them dropped; null: a quote that does not close, or stands elsewhere than around a cell. */
export function csvCells(line: string, delimiter: CsvDelimiter): string[] | null {
  if (!line.includes('"')) return line.split(delimiter)
  const cells: string[] = []
  for (let at = 0; ; ) {
    const start = skipBlanks(line, at, delimiter)
    const quoted = line[start] === '"' ? quotedCell(line, start, delimiter) : null
    const plainEnd = line.indexOf(delimiter, at)
    const end = quoted?.end ?? (plainEnd === -1 ? line.length : plainEnd)
    if (quoted === null && line.slice(at, end).includes('"')) return null
    cells.push(quoted?.text ?? line.slice(at, end))
    if (end >= line.length) return cells
    at = end + 1
  }
}

/** The text between the quotes, and where the delimiter or the end of the line is. */
function quotedCell(line: string, start: number, delimiter: CsvDelimiter): { text: string; end: number } | null {
  let text = ''
  for (let at = start + 1; ; ) {
    const quote = line.indexOf('"', at)
    if (quote === -1) return null
    text += line.slice(at, quote)
    if (line[quote + 1] !== '"') {
      const end = skipBlanks(line, quote + 1, delimiter)
      return end === line.length || line[end] === delimiter ? { text, end } : null
    }
    text += '"'
    at = quote + 2
  }
}

function skipBlanks(line: string, from: number, delimiter: CsvDelimiter): number {
  let at = from
  while (line[at] !== delimiter && (line[at] === ' ' || line[at] === '\t')) at++
  return at
}
