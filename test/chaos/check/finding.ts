/** One thing that must not be. */
export interface Finding {
  readonly rule: string
  readonly detail: string
}

/** Collects what breaks one rule. */
export function createFindings(): { readonly list: Finding[]; add(rule: string, detail: string): void } {
  const list: Finding[] = []
  return { list, add: (rule, detail) => void list.push({ rule, detail }) }
}
