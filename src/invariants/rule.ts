/** One promise about the data, as a statement that finds what breaks it. */
export interface Rule {
  readonly name: string
  /** What holds, for operators. */
  readonly description: string
  /**
   * One SELECT without parameters that returns a row for each violation: ids and amounts, never a secret. Set-based: it reads whole
   * tables, a million rows in seconds. Amounts as text, because JSON numbers end at 2^53.
   */
  readonly sql: string
}
