/**
 * One line of CSV (RFC 4180). A quoted cell ends on its line: a reader that lets quotes span lines takes every line behind a
 * forgotten quote for one cell, and loses them; here only the line with the fault is refused, by its true number.
 */

/** The cells, blanks around them dropped; null: a quote that does not close, or text behind one that did. */
export function csvCells(line: string): string[] | null {
  if (!line.includes('"')) return line.split(',')
  const cells: string[] = []
  for (let at = 0; ; ) {
    const start = skipBlanks(line, at)
    const quoted = line[start] === '"' ? quotedCell(line, start) : null
    if (line[start] === '"' && quoted === null) return null
    const plainEnd = line.indexOf(',', at)
    const end = quoted?.end ?? (plainEnd === -1 ? line.length : plainEnd)
    cells.push(quoted?.text ?? line.slice(at, end))
    if (end >= line.length) return cells
    at = end + 1
  }
}

/** The text between the quotes, and where the comma or the end of the line is. */
function quotedCell(line: string, start: number): { text: string; end: number } | null {
  let text = ''
  for (let at = start + 1; ; ) {
    const quote = line.indexOf('"', at)
    if (quote === -1) return null
    text += line.slice(at, quote)
    if (line[quote + 1] !== '"') {
      const end = skipBlanks(line, quote + 1)
      return end === line.length || line[end] === ',' ? { text, end } : null
    }
    text += '"'
    at = quote + 2
  }
}

function skipBlanks(line: string, from: number): number {
  let at = from
  while (line[at] === ' ' || line[at] === '\t') at++
  return at
}
