/** Broken money or stock stops the intake of orders; a broken record is only reported. */
export type RuleKind = 'money' | 'stock' | 'record'

/** One promise about the data, as a statement that finds what breaks it. */
export interface Rule {
  readonly name: string
  readonly kind: RuleKind
  /** What holds, for operators. */
  readonly description: string
  /**
   * One SELECT without parameters that returns a row for each violation: ids and amounts, never a secret. Set-based: it reads whole
   * tables, a million rows in seconds. Tables are named without a schema: what is verified in parts puts a part in their place. Amounts as text, because JSON numbers end at 2^53.
   */
  readonly sql: string
}
