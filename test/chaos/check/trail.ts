/** What operators did is in the audit log, once, with its effect or not at all. */
import type { Facts } from './facts.ts'
import { createFindings, type Finding } from './finding.ts'

export function checkTrail({ facts: { trail, transfers } }: { readonly facts: Facts }): Finding[] {
  const found = createFindings()
  if (trail.broken !== null) found.add('the audit log is one chain', trail.broken)
  const credits = transfers.filter(({ kind }) => kind === 'wallet.credit').length
  if (trail.credits !== credits) found.add('each credit is in the audit log, once', `${credits} happened, ${trail.credits} are there`)
  return found.list
}
